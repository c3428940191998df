// Restricted Mode.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { never } from '../lib/wait.mjs';

const RUN = 'Run in DinD: Run File in Sandbox';
const RUN_WORKSPACE = 'Run in DinD: Run Workspace in DinD';
const MESSAGE = /do not run in Restricted Mode/;

async function restricted(world, name) {
  const server = await world.newCodeServer(name, {
    trust: true,
    settings: { 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.emptyWindow': false },
  });
  await server.start();
  const folder = join(server.home, 'untrusted');
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  writeFileSync(join(folder, '.vscode/settings.json'), '{ "dind.serverPath": "/bin/false", "dind.network": "internet", "dind.timeout": 7 }\n');
  const file = join(folder, 'untrusted.py');
  writeFileSync(file, 'print("trusted now")\n');
  const editor = await world.openEditor(file, server, folder);
  await editor.ready(); // a workspace can't choose the server: with /bin/false there would be no lens
  return editor;
}

export const trust = [
  {
    name: 'in Restricted Mode each command shows one message, and nothing runs',
    run: async (world) => {
      const editor = await restricted(world, 'restricted');
      for (const start of [() => editor.lens('Run in sandbox').click(), () => editor.palette(RUN), () => editor.palette(RUN_WORKSPACE)]) {
        await start();
        await editor.oneNotification(MESSAGE);
        await never('a container', async () => (await world.containers()).length > 0, 1_000);
      }
      await world.picture('restricted mode');
      await editor.button('Manage Workspace Trust').click();
      await editor.page.locator('.workspace-trust-editor').waitFor();
      await editor.page.locator('.workspace-trust-editor .monaco-button', { hasText: /^Trust$/ }).first().click();
      await editor.page.locator('.workspace-trust-editor', { hasText: 'You trust this folder' }).waitFor();
      // Newer editors show it as a dialogue over the tabs.
      await editor.page.locator('.monaco-modal-editor-block a.codicon-close, .monaco-modal-editor-block .codicon-modal-editor-close').first().click();
      await editor.page.locator('.tab', { hasText: 'untrusted.py' }).click();
      await editor.ready();
      await editor.lens('Run in sandbox').click();
      await editor.panelShows(/^trusted now/);
      await editor.outputHas(/^── untrusted\.py · .* · 7 s · /m); // the folder's settings hold once it is trusted
      await editor.panelShows(/^── Finished/);
    },
  },
];
