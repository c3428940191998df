// Several folders in one window, and how a run of a folder is seen and ended.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, openFolder } from '../lib/folders.mjs';
import { check, until } from '../lib/wait.mjs';

const RUN = 'Run in DinD: Run Workspace in DinD';
const ENDLESS = 'import time\nprint("the folder runs", flush=True)\ntime.sleep(1000)\n';
const FOOTER = /^── Finished · exit code 0 · /;

function stopped(way, stop) {
  return {
    name: `E12 a run of a folder is stopped by ${way}`,
    window: 'one folder',
    run: async (world) => {
      const { editor } = await openFolder(world, 'project', { 'main.py': ENDLESS, 'other.py': '1\n' });
      await editor.palette(RUN);
      await editor.panelShows('the folder runs');
      await world.picture(`a folder that runs, ${way}`);
      await stop(editor);
      await editor.panelShows(/^── Stopped/);
      await world.noContainers();
    },
  };
}

export const folders = [
  {
    name: 'E11 every root of a workspace runs, and one that is added later',
    run: async (world) => {
      const [first, second, later] = ['root one', 'root two', 'root three'].map((name) => makeFolder(world, name, { 'main.py': `print("main of ${name}")\n` }));
      const file = join(world.workspace, 'roots.code-workspace');
      const write = (...roots) => writeFileSync(file, JSON.stringify({ folders: roots.map((path) => ({ path })) }));
      write(first, second);
      const editor = await world.openWorkspace(file, join(first, 'main.py'));
      await editor.ready();
      const ended = () => world.codeServer.log('DinD Executor').match(/^── Finished · exit code 0 · /gm)?.length ?? 0;
      const runs = async (name) => {
        const before = ended();
        await editor.palette(RUN);
        await editor.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
        await editor.panelShows(`main of ${name}`);
        await until(`the run of ${name} has ended`, () => ended() > before, 30_000);
      };
      await runs('root two');
      await runs('root one');
      await editor.palette('View: Show Explorer');
      write(first, second, later);
      await editor.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'root three' }).waitFor({ timeout: 60_000 });
      await runs('root three');
      check((await editor.notifications()).length === 0, 'no root is refused');
    },
  },
  stopped('the button of its file', (editor) => editor.page.locator('.editor-actions a.action-label[aria-label^="Stop"]').first().click()),
  stopped('the button of the output', (editor) => editor.page.locator('.part.panel .title-actions a.action-label[aria-label^="Stop"], .part.panel .action-label[aria-label^="Stop"]').first().click()),
  stopped('its CodeLens', (editor) => editor.lens('Stop project').click()),
  stopped('its key', async (editor) => {
    await editor.palette('View: Focus Active Editor Group'); // a click might meet the lens of the run
    await editor.page.keyboard.press('Control+Alt+M');
  }),
  {
    name: 'E19 a build that fails has a header at once, and the footer names the stage',
    run: async (world) => {
      const folder = makeFolder(world, 'failing build', { 'notes.txt': 'x\n', Dockerfile: 'FROM dind-executor/runtime-python:bookworm\nRUN echo before the failure; sleep 1; exit 7\n' });
      const editor = await world.openEditor(join(folder, 'notes.txt'), world.codeServer, folder);
      await until('the extension is active', async () => (await editor.paletteOffers('Run in DinD: ')).includes(RUN), 30_000);
      await editor.palette(RUN);
      await editor.panelShows(/^── failing build/);
      await editor.panelShows(/^── Build failed · exit code 7 · /, 60_000);
      await editor.outputHas(/^── failing build · building the image$/m);
      check(!/── Build failed .* · 0\.000 s/.test(world.codeServer.log('DinD Executor')), 'the time is that of the build');
      await world.picture('a build that failed');
    },
  },
  {
    name: 'E19 dependencies that can not be installed have a header, their stage, and the remedy for a certificate',
    window: 'one folder',
    run: async (world) => {
      const { editor } = await openFolder(world, 'project', {
        'main.py': 'print("never")\n',
        'requirements.txt': 'dind-no-such-package==1.0\n',
      });
      await editor.palette(RUN);
      await editor.panelShows(/^── project/);
      await editor.panelShows(/^── Dependencies could not be installed · /, 90_000);
      await editor.outputHas(/^── project · installing dependencies$/m);
      check(!/^never/m.test(world.codeServer.log('DinD Executor')), 'the program did not run');
      await world.picture('dependencies that failed');
    },
  },
];
