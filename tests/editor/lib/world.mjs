// What the tests share: engine, proxy, code-server, Chromium. They start when first needed and are cleaned after each test.

import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodeServer } from './code_server.mjs';
import { Editor, forget, launchChromium } from './editor.mjs';
import { Engine, EngineProxy } from './engine.mjs';
import { serversOf } from './servers.mjs';
import { check, until } from './wait.mjs';

export class World {
  constructor({ root, home, artefacts }) {
    this.root = root;
    this.home = home;
    this.artefacts = artefacts;
    this.workspace = join(home, 'workspace');
    this.extensions = join(home, 'extensions');
    this.editors = [];
    this.codeServers = [];
    this.shared = undefined; // the window that cases share, while no case uses it
    mkdirSync(this.workspace);
  }

  /** Starts everything; a second call gives the same, also the same failure. */
  start() {
    this.started ??= this.startOnce();
    return this.started;
  }

  async startOnce() {
    const dockerHost = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
    const vsix = process.env.DIND_VSIX ?? join(this.root, 'dist/dind-executor-linux-x64.vsix');
    check(existsSync(vsix), `there is no ${vsix}: run scripts/package, or set DIND_VSIX`);
    this.engine = new Engine(dockerHost);
    await this.engine.ping().catch((error) => {
      throw new Error(`the engine at ${dockerHost} does not answer (${error.message}): run scripts/engine start, or set DOCKER_HOST`);
    });
    this.foreign = new Set((await this.engine.containers()).map(({ Id }) => Id));
    this.leftBefore = new Set(await this.engine.leftovers());
    this.proxy = new EngineProxy(dockerHost, join(this.home, 'engine.sock'));
    await this.proxy.open();
    this.codeServer = await this.newCodeServer('main', {});
    await this.codeServer.install(vsix);
    await this.codeServer.start();
    this.browser = await launchChromium(join(this.home, 'profile'));
  }

  async newCodeServer(name, options) {
    const home = join(this.home, name);
    mkdirSync(home);
    const server = new CodeServer({ home, extensions: this.extensions, dockerHost: this.proxy.dockerHost, ...options });
    this.codeServers.push(server);
    return server;
  }

  file(name, text) {
    const path = join(this.workspace, name);
    writeFileSync(path, text);
    return path;
  }

  async openEditor(file, codeServer = this.codeServer, folder = this.workspace) {
    const editor = await Editor.open(this.browser, codeServer, folder, file);
    this.editors.push(editor);
    return editor;
  }

  /**
   * A window with the folders of a .code-workspace file. The editor reads it once while the page loads; on a busy machine that may
   * fail, and then the window has no folder until it is loaded again.
   */
  async openWorkspace(path, file) {
    const editor = await Editor.open(this.browser, this.codeServer, { workspace: path }, file);
    this.editors.push(editor);
    const folders = editor.page.locator('.explorer-folders-view .monaco-list-row');
    await folders.first().waitFor({ timeout: 20_000 }).catch(async () => {
      console.log('       the window has no folder: it is loaded again');
      await editor.page.reload();
      await folders.first().waitFor({ timeout: 60_000 });
    });
    return editor;
  }

  /** Settings of the machine, where a remote window has those of that scope. */
  async machineSettings(settings) {
    const folder = join(this.codeServer.userData, 'Machine');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  }

  /** Cases with the same `window` share one: each gets it as the case before it left it, cleared. Others get new windows only. */
  async begin({ window }) {
    await this.start();
    if (window !== this.window) await this.closeShared();
    this.window = window;
    for (const server of this.codeServers) server.forgetLog();
  }

  /** A window with this file in it, and the extension ready. */
  async edit(name, text) {
    return this.openReady(this.file(name, text), this.workspace);
  }

  /** A file in a new window of that folder, or in the shared one, and the extension ready. */
  async openReady(file, folder) {
    const editor = this.shared ?? (await this.openEditor(file, this.codeServer, folder));
    if (this.shared) {
      this.editors.push(this.shared);
      this.shared = undefined;
      await editor.openFile(file);
    }
    await editor.ready();
    return editor;
  }

  /** Those of runs: what waits for a next one is none. */
  async containers() {
    return (await this.engine.containers(this.foreign)).filter(({ Names }) => !Names.some((name) => name.startsWith('/dind-warm-')));
  }

  noContainers(withinMs = 15_000) {
    return until('none of our containers is left', async () => (await this.containers()).length === 0, withinMs);
  }

  async picture(name) {
    const file = name.replace(/[^\p{L}\p{N}]+/gu, '-').toLowerCase();
    for (const [index, { page }] of this.editors.entries()) {
      await page.screenshot({ path: join(this.artefacts, `${file}${index ? `-${index}` : ''}.png`) }).catch(() => {});
    }
  }

  /** Keeps the window for the next case. It is closed if it can't be cleared. */
  async share() {
    try {
      await this.editors[0].clear();
      await this.noContainers();
      [this.shared] = this.editors.splice(0);
    } catch (error) {
      console.log(`       the next case gets a new window: ${error.message}`);
    }
  }

  /** Closes the window that cases share. Throws if something is left. */
  async closeShared() {
    if (!this.shared) return;
    this.editors.push(this.shared);
    this.shared = undefined;
    await this.tidy();
  }

  /** After each case: windows closed, engine back, and nothing of ours left on it. A shared window stays if the case passed. */
  async tidy({ passed = false } = {}) {
    if (this.window && passed && this.editors.length === 1) await this.share();
    if (this.shared) return;
    for (const editor of this.editors.splice(0)) await editor.close();
    if (!this.engine) return;
    for (const server of this.codeServers) server.forgetUnsaved();
    if (this.browser) await forget(this.browser, this.codeServers.filter(({ port }) => port).map(({ port }) => `http://127.0.0.1:${port}`));
    if (!this.proxy.server) await this.proxy.open();
    let containers = [];
    const gone = async () => (containers = await this.engine.containers(this.foreign)).length === 0;
    await until('none of our containers is left, also none that waits', gone, 30_000).catch((late) => {
      const names = containers.map(({ Names, State }) => `${Names[0].slice(1)} (${State})`);
      const alive = serversOf(this.home).map(({ pid, startedBy }) => `${pid} of ${startedBy}`);
      throw new Error(`${late.message}: ${names.join(', ')}; servers that still run: ${alive.join(', ') || 'none'}`);
    });
    const left = (await this.engine.leftovers()).filter((name) => !this.leftBefore.has(name));
    check(left.length === 0, `left on the engine: ${left.join(', ')}`);
  }

  async stop() {
    for (const editor of this.editors.splice(0)) await editor.close().catch(() => {});
    await this.browser?.close();
    for (const server of this.codeServers) await server.stop();
    await this.proxy?.close();
  }

  kill() {
    for (const server of this.codeServers) server.kill();
  }

  saveLogs(folder) {
    for (const server of this.codeServers) {
      const logs = join(server.userData, 'logs');
      const names = existsSync(logs) ? readdirSync(logs, { recursive: true }).map(String) : [];
      for (const name of names.filter((each) => /DinD|exthost.*remoteexthost\.log$/.test(each))) {
        if (name.endsWith('.log')) copyFileSync(join(logs, name), join(folder, name.replaceAll('/', '_')));
      }
    }
  }
}
