// The first minutes: walkthrough, settings, the menu of the status item, log and doctor.

import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { check, never, until } from '../lib/wait.mjs';

const WALKTHROUGH = 'Welcome: Open Walkthrough...';

async function openWalkthrough(editor) {
  await editor.palette(WALKTHROUGH);
  await editor.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Run in a sandbox' }).first().click();
  await step(editor, 'engine').waitFor();
}

const step = (editor, id) => editor.page.locator(`.getting-started-step[data-step-id="dind-executor.dind-executor#start#${id}"]`);
const link = (editor, title) => editor.page.locator('.gettingStartedContainer a, .gettingStartedContainer button, .gettingStartedContainer .monaco-button', { hasText: new RegExp(`^${title}$`) });

/** Opens a step and presses its button. */
async function press(editor, id, title) {
  if (!/expanded/.test((await step(editor, id).getAttribute('class')) ?? '')) await step(editor, id).click();
  await link(editor, title).first().click();
}

const ticked = async (editor, id) => (await step(editor, id).locator('.codicon-getting-started-step-checked.complete').count()) > 0;

/** The settings page shows this setting, ready to edit. */
async function settingIsThere(editor, label) {
  await editor.page.locator('.settings-editor .setting-item-contents', { hasText: label }).first().waitFor({ timeout: 20_000 });
  check((await editor.page.locator('.settings-editor .no-results-message:visible').count()) === 0, 'the page is not empty');
}

/** Newer editors show the settings over the tabs. */
async function closeSettings(editor) {
  const close = editor.page.locator('.monaco-modal-editor-block a.codicon-close, .monaco-modal-editor-block .codicon-modal-editor-close');
  if ((await close.count()) > 0) await close.first().click();
}

async function menu(editor, entry) {
  await editor.status().click();
  const row = editor.page.locator('.quick-input-list .monaco-list-row', { hasText: entry }).first();
  await row.waitFor();
  return row;
}

export const firstSteps = [
  {
    name: 'E01 Try it runs an example, and its steps are ticked by what happened',
    run: async (world) => {
      const editor = await world.edit('first.py', 'print("the open file")\n');
      await world.proxy.close();
      await editor.statusShows(/DinD: engine unreachable/);
      await openWalkthrough(editor);
      check(!(await ticked(editor, 'run')), 'not before anything has run');
      await press(editor, 'run', 'Try it');
      await editor.oneNotification(/engine/);
      await openWalkthrough(editor);
      check(!(await ticked(editor, 'run')), 'a run that failed ticks nothing');
      await world.proxy.open();
      await until('the engine ticks its step', () => ticked(editor, 'engine'), 30_000);
      await editor.dismissNotifications();
      await press(editor, 'run', 'Try it');
      await editor.panelShows(/^Hello from a sandbox/);
      await editor.panelShows(/^── Finished/);
      await openWalkthrough(editor);
      await until('the run ticks its step', () => ticked(editor, 'run'));
      check(!(await ticked(editor, 'limits')), 'nothing else is ticked');
      await world.picture('walkthrough');
    },
  },
  {
    name: 'E01 the open file runs while the walkthrough covers it',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('covered.py', 'print("covered", "by the walkthrough")\n');
      await openWalkthrough(editor);
      await press(editor, 'run', 'Run the open file');
      await editor.panelShows('covered by the walkthrough');
      await editor.panelShows(/^── Finished/);
      check((await editor.notifications()).length === 0, 'nothing failed');
    },
  },
  {
    name: 'E02 the buttons that lead to a setting of the machine open it, ready to edit',
    run: async (world) => {
      const editor = await world.edit('address.py', 'print(1)\n');
      await openWalkthrough(editor);
      await press(editor, 'engine', 'Set its address');
      await settingIsThere(editor, /Engine:\s*Host/);
      await world.picture('the setting of the address');
      // The typed value is used, and the error names it.
      const box = editor.page.locator('.settings-editor .setting-item-contents', { hasText: /Engine:\s*Host/ }).locator('input').first();
      await box.fill('tcp://127.0.0.1:1');
      const machine = join(world.codeServer.userData, 'Machine/settings.json');
      await until('the setting is written for the machine', () => existsSync(machine) && readFileSync(machine, 'utf8').includes('127.0.0.1:1'));
      try {
        await closeSettings(editor);
        await editor.page.locator('.tab', { hasText: 'address.py' }).click();
        await editor.statusShows(/DinD: engine unreachable/, 30_000);
        await editor.palette('Run in DinD: Run File in Sandbox');
        // E03
        const message = await editor.oneNotification(/tcp:\/\/127\.0\.0\.1:1 does not answer/);
        check(/correct the setting dind\.engine\.host, which gave this address/.test(message), `it names the setting: ${message}`);
        check(!/DOCKER_HOST/.test(message), `nobody set DOCKER_HOST for it: ${message}`);
        await editor.button('Open Settings').click();
        await settingIsThere(editor, /Engine:\s*Host/);
        await closeSettings(editor);
        await editor.palette('Run in DinD: Check the Engine and the Images (Doctor)');
        await editor.page.locator('.tab.active', { hasText: 'Sandbox check' }).waitFor({ timeout: 60_000 });
        const report = async () => (await editor.page.locator('.editor-instance .view-lines').first().textContent()) ?? '';
        await until('the report names the setting', async () => /name.one.that.answers.by.the.setting.dind\.engine\.host/.test(await report()));
        check(!/--host|DOCKER_HOST/.test(await report()), `it names no flag and no variable: ${await report()}`);
      } finally {
        await world.machineSettings({});
      }
      await editor.page.locator('.tab', { hasText: 'address.py' }).click();
      await editor.statusShows(/^DinD$/, 30_000);
    },
  },
  {
    name: 'E05 the status item has a menu that fits its state',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('menu.py', 'print("run from the menu")\n');
      await editor.statusShows(/^DinD$/);
      await (await menu(editor, 'Run menu.py')).click();
      await editor.panelShows('run from the menu');
      await editor.panelShows(/^── Finished/);
      await editor.replaceText('import time\nprint("again from the menu", flush=True)\ntime.sleep(1000)\n');
      await (await menu(editor, 'Run menu.py again')).click();
      await editor.panelShows('again from the menu');
      await (await menu(editor, 'Stop menu.py')).click();
      await editor.panelShows(/^── Stopped/);
      await world.proxy.close();
      await editor.statusShows(/DinD: engine unreachable/);
      await (await menu(editor, "Set the engine's address")).click();
      await settingIsThere(editor, /Engine:\s*Host/);
      await closeSettings(editor);
      check(await editor.status().isVisible(), 'it stays while the engine is away');
      await world.proxy.open();
      await editor.page.locator('.tab', { hasText: 'menu.py' }).click();
      await editor.statusShows(/^DinD$/);
      await editor.status().click();
      await world.picture('the menu of the status item');
      await editor.page.keyboard.press('Escape');
    },
  },
  {
    name: 'E31 doctor and history are documents, and the log has a level',
    run: async (world) => {
      world.codeServer.set({ 'dind.record': false });
      try {
        const unkept = await world.edit('unkept.py', 'print("for nobody")\n');
        await unkept.lens('Run in sandbox').click();
        await unkept.panelShows(/^── Finished/);
        await unkept.page.close();
      } finally {
        world.codeServer.unset('dind.record');
      }
      const editor = await world.edit('report.py', 'print("for the history")\n');
      await editor.lens('Run in sandbox').click();
      await editor.panelShows(/^── Finished/);
      await (await menu(editor, 'doctor')).click();
      await editor.page.locator('.tab.active', { hasText: 'Sandbox check' }).waitFor({ timeout: 60_000 });
      await until('the report is there', async () => /engine/i.test((await editor.page.locator('.editor-instance .view-lines').first().textContent()) ?? ''));
      await world.picture('doctor');
      await editor.palette('Run in DinD: Show History');
      await editor.page.locator('.tab.active', { hasText: 'Sandbox history' }).waitFor({ timeout: 30_000 });
      const shown = async () => (await editor.page.locator('.editor-instance .view-lines').first().textContent()) ?? '';
      await until('the run is in it', async () => /report\.py/.test(await shown()));
      check(!/unkept\.py/.test(await shown()), 'K13 what was not to be kept is not in it');
      await editor.palette('Developer: Set Log Level...');
      await editor.page.locator('.quick-input-list .monaco-list-row', { hasText: 'DinD Executor Server' }).first().waitFor();
      await editor.page.keyboard.press('Escape');
    },
  },
  {
    name: 'E30 several wrong settings are one message that names each',
    run: async (world) => {
      for (const key of ['dind.memory', 'dind.cpus', 'dind.pids']) world.codeServer.set({ [key]: 'x' });
      try {
        const editor = await world.edit('wrong.py', 'print(1)\n');
        const message = await editor.oneNotification(/3 settings are ignored/, 30_000);
        for (const key of ['dind.memory', 'dind.cpus', 'dind.pids']) check(message.includes(key), `${key} is named: ${message}`);
        await never('a second message', async () => (await editor.notifications()).length > 1, 500);
        await editor.button('Open Settings').click();
        await settingIsThere(editor, /./);
        await closeSettings(editor);
        await editor.lens('Run in sandbox').click(); // with the server's own limits
        await editor.panelShows(/^── Finished/);
      } finally {
        for (const key of ['dind.memory', 'dind.cpus', 'dind.pids']) world.codeServer.unset(key);
      }
    },
  },
];
