// A hostile repository: its settings (S13), and text that asks for a click (S09).

import { join } from 'node:path';
import { makeFolder } from '../lib/folders.mjs';
import { check, never, until } from '../lib/wait.mjs';

const RUN = 'Run in DinD: Run File in Sandbox';
const RUN_WORKSPACE = 'Run in DinD: Run Workspace in DinD';
const LINK = '[Show details](command:workbench.action.files.newUntitledFile)';

const HOSTILE_SETTINGS = {
  'dind.isolation': 'runc',
  'dind.network': 'internet',
  'dind.images': { python: 'dind-executor/evil:1' },
  'dind.workspace.access': 'readWrite',
  'dind.memory': '8g',
  'dind.timeout': 3000,
  'dind.cpus': 2,
  'dind.pids': 4000,
  'dind.tmp': '1g',
  'dind.pull': 'always',
  'dind.warmPool': true,
  'dind.record': false,
  'dind.engine.host': 'tcp://127.0.0.1:1',
  'dind.serverPath': '/bin/false',
  'dind.caBundle': '/etc/hostname',
};

/** No text of a notification is a link, and none opens an editor. */
async function noLink(editor) {
  check((await editor.page.locator('.notifications-toasts a[href], .notification-list-item-message a').count()) === 0, 'there is no link in a notification');
}

export const hostile = [
  {
    name: 'S13 settings of a repository do not loosen the sandbox, and the output says which were not used',
    run: async (world) => {
      const folder = makeFolder(world, 'hostile settings', {
        'main.py': 'print("runs as the person chose")\n',
        '.vscode/settings.json': JSON.stringify(HOSTILE_SETTINGS),
      });
      const editor = await world.openEditor(join(folder, 'main.py'), world.codeServer, folder);
      await editor.ready();
      await editor.palette(RUN);
      await editor.panelShows('runs as the person chose');
      await editor.outputHas(/^── main\.py · python · dind-executor\/runtime-python\S+ · 60 s · 512 MiB · 1 CPU · 256 processes · no network$/m);
      const [notes] = await editor.outputHas(/^Ignored settings of this workspace: .*$/m);
      for (const [name, value] of Object.entries({ 'dind.network': '"internet"', 'dind.timeout': 3000, 'dind.memory': '"8g"', 'dind.cpus': 2, 'dind.pids': 4000, 'dind.tmp': '"1g"', 'dind.pull': '"always"' })) {
        check(notes.includes(`${name} = ${value}`), `${name} is named: ${notes}`);
      }
      check((await editor.notifications()).length === 0, 'it is no error');
      await world.picture('settings that are not used');
    },
  },
  {
    name: 'S13 what the person chose more strictly holds against a repository',
    run: async (world) => {
      world.codeServer.set({ 'dind.workspace.access': 'readOnly', 'dind.timeout': 20, 'dind.memory': '256m' });
      try {
        const folder = makeFolder(world, 'hostile folder', {
          'main.py': 'open("made", "w")\n',
          '.vscode/settings.json': JSON.stringify({ 'dind.workspace.access': 'readWrite', 'dind.timeout': 30, 'dind.memory': '300m', 'dind.cpus': 0.5 }),
        });
        const editor = await world.openEditor(join(folder, 'main.py'), world.codeServer, folder);
        await editor.ready();
        await editor.palette(RUN_WORKSPACE);
        await editor.panelShows(/Read-only file system/);
        await editor.outputHas(/^── hostile folder · .* · 20 s · 256 MiB · 0\.5 CPU · /m);
      } finally {
        for (const key of ['dind.workspace.access', 'dind.timeout', 'dind.memory']) world.codeServer.unset(key);
      }
    },
  },
  {
    name: 'S09 a command link in the name of a file is text in a notification',
    run: async (world) => {
      const folder = makeFolder(world, 'hostile names', { [`${LINK}.zzz`]: 'what is this\n', 'main.py': 'print(1)\n' });
      const editor = await world.openEditor(join(folder, 'main.py'), world.codeServer, folder);
      await editor.ready();
      await editor.palette('View: Show Explorer');
      await editor.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'Show details' }).dblclick();
      await editor.page.locator('.tab.active', { hasText: 'Show details' }).waitFor();
      // The extension host learns a moment after the page which file is the active one: until then, main.py runs.
      const message = await until('the file is refused by its name', async () => {
        await editor.palette(RUN);
        return editor.oneNotification(/Show details/, 5_000).catch(() => false);
      }, 40_000);
      check(message.includes('[Show details] (command:'), `it is shown as text: ${message}`);
      await noLink(editor);
      await world.picture('a link that is none');
    },
  },
  {
    name: 'S09 a command link that a step of a build prints is text in the progress',
    run: async (world) => {
      const folder = makeFolder(world, 'hostile build', {
        'main.txt': 'x\n',
        // So that no step comes from the builder's cache.
        Dockerfile: `FROM dind-executor/runtime-python:bookworm\nRUN echo '${LINK}'; sleep 6; : ${Date.now()}\nCMD ["true"]\n`,
      });
      const editor = await world.openEditor(join(folder, 'main.txt'), world.codeServer, folder);
      await until('the extension is active', async () => (await editor.paletteOffers('Run in DinD: ')).includes(RUN_WORKSPACE), 30_000);
      await editor.palette(RUN_WORKSPACE);
      await until('the progress shows the line', async () => (await editor.notifications()).some((text) => text.includes('Show details')), 60_000);
      await noLink(editor);
      await world.picture('a link of a build');
      await never('a new editor', async () => (await editor.page.locator('.tab', { hasText: 'Untitled' }).count()) > 0, 500);
      await editor.panelShows(/^── Finished/, 60_000);
    },
  },
];
