// Languages of programs, and of people.

import { check } from '../lib/wait.mjs';

const RUN = 'Run in DinD: Run File in Sandbox';

export const languages = [
  {
    name: 'a Japanese file with unsaved edits behind wide characters runs as typed',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('こんにちは 世界.py', 'あいさつ = "🎉こんにちは"; print(あいさつ, "旧")\n');
      // Edits in the middle of a line, after a surrogate pair: wrong units of the position would damage the text.
      await editor.focusText();
      await editor.page.keyboard.press('Control+Home');
      await editor.page.keyboard.press('End');
      for (let i = 0; i < 2; i++) await editor.page.keyboard.press('ArrowLeft');
      await editor.page.keyboard.press('Backspace');
      await editor.page.keyboard.insertText('旧');
      await editor.page.keyboard.press('ArrowLeft');
      await editor.page.keyboard.insertText('新しい🍣');
      check(await editor.isDirty(), 'the file is unsaved');
      await editor.palette(RUN);
      await editor.panelShows(/^🎉こんにちは .*新しい🍣/u);
      await editor.panelShows(/^── こんにちは 世界\.py · python · /);
      await editor.panelShows(/^── Finished/);
      await world.picture('Japanese');
    },
  },
  ...[
    ['JavaScript', 'hello.js', 'console.log("from", "node", 6 * 7);\n', 'from node 42'],
    ['shell', 'hello.sh', 'echo from shell $((6 * 7))\n', 'from shell 42'],
  ].map(([language, name, program, wanted]) => ({
    name: `a ${language} file runs`,
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit(name, program);
      await editor.lens('Run in sandbox').click();
      await editor.panelShows(wanted);
      await editor.panelShows(/^── Finished · exit code 0/);
    },
  })),
  {
    name: 'an untitled document runs as soon as its language is known',
    run: async (world) => {
      const editor = await world.openEditor(world.file('empty.txt', '\n'));
      const titles = await editor.paletteOffers('New Untitled Text File'); // its category differs between versions
      await editor.palette(titles.find((title) => title.endsWith(': New Untitled Text File')));
      await editor.page.locator('.tab.active', { hasText: 'Untitled-1' }).waitFor();
      await editor.page.keyboard.insertText('#!/usr/bin/env python3\nprint("untitled", 6 * 7)\n');
      await editor.palette('Change Language Mode');
      await editor.page.locator('.quick-input-widget input[type=text]').first().fill('Python');
      await editor.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Python' }).first().click();
      await editor.ready();
      await editor.lens('Run in sandbox').click();
      await editor.panelShows('untitled 42');
      await editor.panelShows(/^── Finished/);
    },
  },
];
