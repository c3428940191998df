// Folders that are run: from the palette, the explorer and the key, with a choice that is asked for once.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFolder } from '../lib/folders.mjs';
import { check, never, until } from '../lib/wait.mjs';

const RUN = 'Run in DinD: Run Workspace in DinD';
const CHOOSE = 'Run in DinD: Choose What to Run in Workspace…';
const STOP = 'Run in DinD: Stop';
const FOOTER = /^── Finished · exit code 0 · /;
const MAKEFILE = 'all:\n\t@echo made by make\n';

const rows = (editor) => editor.page.locator('.quick-input-widget .quick-input-list .monaco-list-row');
const pickIsThere = (editor) => rows(editor).filter({ hasText: 'Type a command…' }).waitFor();
const pick = (editor, label) => rows(editor).filter({ has: editor.page.locator('.label-name', { hasText: label }) }).first().click();

export const workspace = [
  {
    name: 'a folder with one program runs from the palette without a question, and what it makes is in the folder',
    window: 'one folder',
    run: async (world) => {
      const { editor, folder } = await openFolder(world, 'project', {
        'main.py': 'import helper, pathlib\nprint("main with", helper.NAME)\npathlib.Path("made.txt").write_text("by the run")\n',
        'helper.py': 'NAME = "a helper"\n',
      });
      await editor.palette(RUN);
      await editor.panelShows('main with a helper');
      await editor.panelShows(/^── project · python3 main\.py · python · /);
      await editor.panelShows(FOOTER);
      await editor.statusShows(/^DinD$/);
      check(readFileSync(join(folder, 'made.txt'), 'utf8') === 'by the run', 'the file is there');
      check((await editor.notifications()).length === 0, 'nothing had to be said');
      await world.picture('a folder run from the palette');
    },
  },
  {
    name: 'a folder runs by its key, with what was typed and not saved',
    window: 'one folder',
    run: async (world) => {
      const { editor, folder } = await openFolder(world, 'project', { 'main.py': 'print("saved before")\n' });
      await editor.replaceText('print("typed", "in the folder")\n');
      check(await editor.isDirty(), 'the file is unsaved');
      await until('the key runs it', async () => {
        await editor.page.keyboard.press('Control+Alt+Shift+R');
        return editor.panelShows('typed in the folder', 10_000).catch(() => false);
      });
      await editor.panelShows('typed in the folder');
      await editor.panelShows(FOOTER);
      check(!(await editor.isDirty()), 'a folder runs as it is on the disk, so the file was saved');
      check(readFileSync(join(folder, 'main.py'), 'utf8').includes('typed'), 'it is on the disk');
    },
  },
  {
    name: 'a folder in the explorer runs by its menu, and the rest of the workspace is read-only',
    window: 'one folder',
    run: async (world) => {
      const probe = 'import os, pathlib\nprint("in", os.getcwd())\nfor name in ("mine", "../not mine", ".git/hooks/mine"):\n    try: print("wrote", pathlib.Path(name).write_text("x") and name)\n    except OSError as error: print(name + ":", error.strerror)\n';
      const { editor, folder } = await openFolder(world, 'project', { 'top.py': '1\n', 'part/main.py': probe, 'part/.git/hooks/old': '' });
      await editor.palette('View: Show Explorer');
      const row = editor.page.locator('.explorer-folders-view .monaco-list-row', { hasText: /^part$/ });
      await row.click({ button: 'right' });
      const entry = editor.page.locator('.monaco-menu .action-item', { hasText: 'Run Workspace in DinD' });
      await entry.waitFor();
      await world.picture('the menu of a folder');
      await entry.click();
      await editor.panelShows('in /workspaces/part');
      await editor.panelShows('wrote mine');
      await editor.panelShows('../not mine: Read-only file system');
      await editor.panelShows('.git/hooks/mine: Read-only file system');
      await editor.panelShows(FOOTER);
      check(existsSync(join(folder, 'part/mine')) && !existsSync(join(folder, 'not mine')), 'the folder alone was written to');
    },
  },
  {
    name: 'where there is a choice it is asked for once, remembered, and can be made anew and forgotten',
    run: async (world) => {
      const { editor } = await openFolder(world, 'several', { 'main.py': 'print("made by python")\n', Makefile: MAKEFILE });
      await editor.palette(RUN);
      await pickIsThere(editor);
      check((await rows(editor).locator('.label-name').allTextContents()).join() === 'python main.py,make,main.py,Type a command…', 'all of them are offered');
      await world.picture('what of a folder runs');
      await pick(editor, /^make$/);
      await editor.panelShows('made by make');
      await editor.panelShows(/^── several · make · dind-executor\/runtime-make/);
      await editor.panelShows(FOOTER);
      // Again in a new window: without a question.
      await editor.page.reload();
      await editor.ready();
      await editor.palette(RUN);
      await editor.panelShows('made by make');
      await editor.panelShows(FOOTER);
      // Another answer, a command.
      await editor.palette(CHOOSE);
      await pickIsThere(editor);
      await rows(editor).filter({ hasText: 'chosen before' }).waitFor();
      await pick(editor, 'Type a command…');
      const box = editor.page.locator('.quick-input-widget input[type=text]').first();
      await until('the box asks for a command', async () => (await box.getAttribute('placeholder')) === 'npm test');
      await box.fill('echo typed $((6 * 7))');
      await editor.page.keyboard.press('Enter');
      // E16: what was chosen runs, and is what runs from now on.
      await editor.panelShows('typed 42');
      await editor.panelShows(FOOTER);
      await editor.palette(RUN);
      await until('it has run again', () => world.codeServer.log('DinD Executor').split('\ntyped 42\n').length > 2);
      // After "forget" it is asked for again. Without an answer, nothing runs.
      await editor.palette(CHOOSE);
      await pickIsThere(editor);
      await pick(editor, 'Forget the choice');
      await editor.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
      await editor.palette(RUN);
      await pickIsThere(editor);
      await editor.page.keyboard.press('Escape');
      await never('a container without an answer', async () => (await world.containers()).some(({ State }) => State === 'running'), 1_000);
    },
  },
  {
    name: 'E16 the file in front and the projects in folders are offered too, and what was chosen runs',
    run: async (world) => {
      const start = JSON.stringify({ scripts: { start: 'node -e "console.log(\'started in\', process.cwd())"' } });
      const { editor } = await openFolder(world, 'a monorepo', { 'tools.py': 'print("the file", "alone")\n', 'packages/app/package.json': start, 'node_modules/x/package.json': start });
      await editor.palette(RUN);
      await pickIsThere(editor);
      const offered = (await rows(editor).locator('.label-name').allTextContents()).join();
      check(/^npm start,.*,tools\.py,Type a command…$/.test(offered) && !/node_modules/.test(offered), `both are offered: ${offered}`);
      await world.picture('a project in a folder');
      await pick(editor, /^tools\.py$/);
      await editor.panelShows('the file alone');
      await editor.panelShows(FOOTER);
      // "Run this once": it is asked for again.
      await editor.palette(RUN);
      await pickIsThere(editor);
      await pick(editor, /^npm start$/);
      await editor.panelShows('started in /workspaces/packages/app');
      await editor.palette(RUN);
      await until('it has run again, without a question', () => world.codeServer.log('DinD Executor').split('started in /workspaces').length > 2, 30_000);
      await editor.panelShows(FOOTER);
    },
  },
  {
    name: 'a folder that says nothing asks for a command, and names what it could not read',
    run: async (world) => {
      const { editor } = await openFolder(world, 'says nothing', { 'lib.py': 'VALUE = 7\n', 'package.json': '{ "scripts": ' });
      await editor.palette(RUN);
      await pickIsThere(editor);
      const asked = await editor.page.locator('.quick-input-widget input[type=text]').first().getAttribute('placeholder');
      check(/package\.json is not valid JSON/.test(asked), `it says why: ${asked}`);
      await pick(editor, 'Type a command…');
      const box = editor.page.locator('.quick-input-widget input[type=text]').first();
      await until('the box asks for a command', async () => (await box.getAttribute('placeholder')) === 'npm test');
      await box.fill('python3 -c "import lib; print(lib.VALUE * 6)"');
      await editor.page.keyboard.press('Enter');
      await editor.panelShows(/^42/);
      await editor.panelShows(FOOTER);
    },
  },
  {
    name: 'a run of a folder is stopped by the Stop command, and its container is gone',
    window: 'one folder',
    run: async (world) => {
      const { editor } = await openFolder(world, 'project', { 'main.py': 'import time\nprint("the folder runs", flush=True)\ntime.sleep(1000)\n' });
      await editor.palette(RUN);
      await editor.panelShows('the folder runs');
      await editor.statusShows(/^project 0:\d\d$/);
      await editor.palette(STOP);
      await editor.panelShows(/^── Stopped/);
      await world.noContainers();
      await editor.statusShows(/^DinD$/);
    },
  },
  {
    name: 'with the setting readOnly a run of a folder changes nothing in it',
    run: async (world) => {
      const { editor, folder } = await openFolder(world, 'read only', {
        'main.py': 'open("made", "w")\n',
        '.vscode/settings.json': '{ "dind.workspace.access": "readOnly" }\n',
      });
      await editor.palette(RUN);
      await editor.panelShows(/Read-only file system/);
      await editor.panelShows(/^── Failed · exit code 1 · /);
      check(!existsSync(join(folder, 'made')), 'nothing was made');
    },
  },
];
