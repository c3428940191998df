// Errors, and the one clear message of each.

import { writeFileSync } from 'node:fs';
import { killServers } from '../lib/servers.mjs';
import { check, never, until } from '../lib/wait.mjs';

const RUN = 'Run in DinD: Run File in Sandbox';
const ENGINE = /engine .*(does not answer|lost|unreachable|not reach|stopped answering)/i;

export const trouble = [
  {
    name: 'with the engine stopped, one clear error; with the engine back, Retry runs the file',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('no_engine.py', 'print("engine is back")\n');
      await editor.statusShows(/^DinD$/);
      await world.proxy.close();
      await editor.palette(RUN);
      const message = await editor.oneNotification(ENGINE);
      check(message.includes('engine.sock'), `the message names the address: ${message}`);
      await editor.statusShows(/DinD: engine unreachable/);
      check((await editor.notifications()).length === 1, 'still one');
      await world.picture('engine stopped');
      await world.proxy.open();
      await editor.statusShows(/^DinD$/);
      await editor.button('Retry').click();
      await editor.panelShows(/^engine is back/);
      await editor.panelShows(/^── Finished/);
    },
  },
  {
    name: 'an engine that is lost during a run is one clear error',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('lost.py', 'import time\nprint("before the loss", flush=True)\ntime.sleep(1000)\n');
      await editor.palette(RUN);
      await editor.panelShows('before the loss');
      await world.proxy.close();
      await editor.oneNotification(/engine/i, 30_000);
      await editor.statusShows(/DinD: engine unreachable/);
      check((await editor.notifications()).length === 1, 'still one');
      await editor.panelShows(/^── lost\.py · .*engine/i);
      await world.picture('engine lost');
      await world.proxy.open();
      await editor.statusShows(/^DinD$/);
      await world.noContainers(30_000);
    },
  },
  {
    name: 'an image that does not exist is one clear error that names it',
    run: async (world) => {
      world.codeServer.set({ 'dind.images': { python: 'dind-executor/no-such-image:1' } });
      try {
        const editor = await world.edit('no_image.py', 'print("never")\n');
        await editor.lens('Run in sandbox').click();
        await editor.oneNotification(/no-such-image/, 60_000);
        check((await editor.button('Open Settings').count()) === 1, 'it leads to the settings');
        await editor.outputHas(/^── no_image\.py · .*no-such-image/m); // longer than a row of the panel
      } finally {
        world.codeServer.unset('dind.images');
      }
    },
  },
  {
    name: 'a file of an unknown language has no lens, and the palette says why it does not run',
    run: async (world) => {
      const python = await world.edit('known.py', 'print(1)\n');
      await python.page.close();
      const editor = await world.openEditor(world.file('unknown.zzz', 'what is this\n'));
      await editor.focusText();
      await until('the extension is active', async () => (await editor.paletteOffers('Run in DinD: ')).includes(RUN), 30_000);
      await editor.palette(RUN);
      await editor.oneNotification(/unknown\.zzz|language|recipe/i, 30_000);
      check((await editor.lens('Run in sandbox').count()) === 0, 'there is no lens');
      await world.picture('unknown language');
    },
  },
  {
    name: 'a server that dies during a run is one clear error, and the next run works',
    run: async (world) => {
      const editor = await world.edit('crash.py', 'import time\nprint("before the crash", flush=True)\ntime.sleep(1000)\n');
      await editor.palette(RUN);
      await editor.panelShows('before the crash');
      // A container that is being created when its server dies is found by a later server's next look, which comes in 30 s.
      await until('the next sandbox is warm', async () =>
        (await world.engine.containers(world.foreign)).some(({ Names, State }) => Names[0].startsWith('/dind-warm-') && State === 'running'));
      check(killServers(world.home) > 0, 'there is a server to kill');
      await editor.oneNotification(/server ended while this ran/);
      await editor.replaceText('print("after the crash")\n');
      await editor.button('Retry').click();
      await editor.panelShows(/^after the crash/);
      await editor.panelShows(/^── Finished/);
    },
  },
  {
    name: 'a server that is missing is one clear error that names its path',
    run: async (world) => {
      const path = `${world.home}/no-such-server`;
      await world.machineSettings({ 'dind.serverPath': path });
      try {
        const editor = await world.openEditor(world.file('no_server.py', 'print(1)\n'));
        await editor.oneNotification(/sandbox server at .*no-such-server cannot be executed/, 60_000);
        await editor.statusShows(/DinD: no server/);
        await world.picture('no server');
        await world.machineSettings({});
        await editor.ready();
      } finally {
        await world.machineSettings({});
      }
    },
  },
  {
    name: 'E03 a setting with which the server does not start is named, in its own words',
    run: async (world) => {
      await world.machineSettings({ 'dind.engine.host': 'tcp://h:99999' });
      try {
        const editor = await world.openEditor(world.file('wrong_host.py', 'print(1)\n'));
        const message = await editor.oneNotification(/dind\.engine\.host.*port is a number/, 60_000);
        check(!/log says why/.test(message), message);
        await editor.button('Open Settings').click();
        await editor.page.locator('.settings-editor', { hasText: 'Host' }).waitFor({ timeout: 30_000 });
        await world.picture('a wrong engine address');
      } finally {
        await world.machineSettings({});
      }
    },
  },
  ...[['125', /^The sandbox server does not start: a word of its own/], ['1', /does not start: .+\. The log says why/]].map(([code, message]) => ({
    name: `a server that ends with code ${code} before it answers is one clear error`,
    run: async (world) => {
      const path = `${world.home}/ends-at-once-${code}`;
      writeFileSync(path, `#!/bin/sh\nread -r line\necho "dind-executor: a word of its own" >&2\nexit ${code}\n`, { mode: 0o755 });
      await world.machineSettings({ 'dind.serverPath': path });
      try {
        const editor = await world.openEditor(world.file('ends_at_once.py', 'print(1)\n'));
        await editor.oneNotification(message, 60_000);
        await editor.statusShows(/DinD: no server/);
        await world.machineSettings({});
        await editor.ready();
      } finally {
        await world.machineSettings({});
      }
    },
  })),
  {
    name: 'nothing runs without a gesture',
    window: 'one file',
    run: async (world) => {
      await world.edit('idle.py', 'print("never")\n');
      await never('a container', async () => (await world.containers()).some(({ State }) => State === 'running'), 1_500);
      check(!/never/.test(world.codeServer.log('DinD Executor').split('idle.py')[1] ?? ''), 'no output');
    },
  },
];
