// A real code-server with the packaged extension, on a free loopback port, with a user-data folder of its own.

import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './wait.mjs';

const SETTINGS = {
  'workbench.startupEditor': 'none',
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'files.autoSave': 'off',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'git.enabled': false,
  'editor.minimap.enabled': false,
  'terminal.integrated.gpuAcceleration': 'off',
  'workbench.tips.enabled': false,
};

/** What `Editor.clear` presses: it makes a window look like a new one. */
export const CLEAR_KEY = 'ctrl+alt+shift+f9';
const CLEAR = [
  'workbench.action.closeQuickOpen', 'workbench.action.files.saveAll', 'workbench.action.closeAllEditors',
  'notifications.clearAll', 'workbench.output.action.clearOutput', 'workbench.action.closePanel',
];

export function codeServerPath() {
  const state = process.env.DIND_STATE_DIR ?? join(process.env.HOME, '.cache/dind-executor-dev');
  const path = process.env.DIND_CODE_SERVER ?? join(state, 'code-server/bin/code-server');
  if (!existsSync(path)) throw new Error(`there is no code-server at ${path}: run scripts/setup, or set DIND_CODE_SERVER`);
  return path;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class CodeServer {
  /** `home` is a folder for everything of this code-server; servers may share `extensions`. */
  constructor({ home, extensions, dockerHost, settings = {}, trust = false, locale }) {
    this.home = home;
    this.userData = join(home, 'data');
    this.extensions = extensions;
    this.settings = { ...SETTINGS, 'security.workspace.trust.enabled': trust, ...settings };
    this.locale = locale;
    this.trust = trust;
    // No setting of a surrounding editor or of the person reaches it.
    const runtime = join(home, 'runtime');
    mkdirSync(runtime, { mode: 0o700 });
    const inherited = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|DOCKER_|DIND_|XDG_)/.test(name));
    this.environment = {
      ...Object.fromEntries(inherited),
      HOME: home,
      XDG_RUNTIME_DIR: runtime,
      DOCKER_HOST: dockerHost,
      // A window whose last message was lost (a browser may drop it when it leaves the page) keeps its extension host, and
      // so our server, for a reconnection: for three hours unless a setting says otherwise.
      CODE_SERVER_RECONNECTION_GRACE_TIME: '5',
    };
    mkdirSync(join(this.userData, 'User'), { recursive: true });
    writeFileSync(join(home, 'config.yaml'), '{}\n');
    const keys = [{ key: CLEAR_KEY, command: 'runCommands', args: { commands: CLEAR } }];
    writeFileSync(join(this.userData, 'User/keybindings.json'), JSON.stringify(keys));
    this.set({});
  }

  /** Changes settings of the user; takes effect in windows that are open, too. */
  set(changes) {
    Object.assign(this.settings, changes);
    const text = JSON.stringify(this.settings, null, 2);
    writeFileSync(join(this.userData, 'User/settings.json'), text);
  }

  unset(key) {
    delete this.settings[key];
    this.set({});
  }

  /** What a window kept of text that was not saved: the next window would open it again. */
  forgetUnsaved() {
    rmSync(join(this.userData, 'User/Backups'), { recursive: true, force: true, maxRetries: 5 });
  }

  arguments() {
    return ['--config', join(this.home, 'config.yaml'), '--user-data-dir', this.userData, '--extensions-dir', this.extensions];
  }

  async install(vsix) {
    const options = { env: this.environment, timeout: 120_000 };
    await promisify(execFile)(codeServerPath(), [...this.arguments(), '--install-extension', vsix], options);
  }

  async start() {
    this.port = await freePort();
    const log = openSync(join(this.home, 'code-server.log'), 'w');
    const more = [
      '--auth', 'none', '--bind-addr', `127.0.0.1:${this.port}`, '--disable-telemetry', '--disable-update-check',
      '--disable-getting-started-override', ...(this.trust ? [] : ['--disable-workspace-trust']), ...(this.locale ? ['--locale', this.locale] : []),
    ];
    this.process = spawn(codeServerPath(), [...this.arguments(), ...more], { env: this.environment, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    await until('code-server answers', async () => (await fetch(`http://127.0.0.1:${this.port}/healthz`)).ok, 60_000);
  }

  /** Ends the whole process group and waits until none of it is left. */
  async stop() {
    const pid = this.process?.pid;
    if (!pid) return;
    this.process = undefined;
    const signal = (name) => {
      try {
        process.kill(-pid, name);
        return false;
      } catch {
        return true; // there is no such group any more
      }
    };
    signal('SIGTERM');
    await until('code-server has ended', () => signal(0), 10_000).catch(() => {
      signal('SIGKILL');
      return until('code-server was killed', () => signal(0), 10_000);
    });
  }

  kill() {
    try {
      if (this.process) process.kill(-this.process.pid, 'SIGKILL');
    } catch {
      // gone
    }
  }

  /** `folder`: its path, or { workspace: path of a .code-workspace file }. */
  url(folder, file) {
    const authority = `127.0.0.1:${this.port}`;
    const payload = file ? [['openFile', `vscode-remote://${authority}${encodeURI(file)}`]] : [];
    const what = folder.workspace ? `workspace=${encodeURIComponent(folder.workspace)}` : `folder=${encodeURIComponent(folder)}`;
    return `http://${authority}/?${what}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
  }

  /** From now on, `log` has only what comes. */
  forgetLog() {
    this.before = new Map(this.logs('.*').map(([name, text]) => [name, text.length]));
  }

  /** The whole text that went to an output channel, of every window since the start or the last `forgetLog`. */
  log(channel) {
    return this.logs(channel).map(([name, text]) => text.slice(this.before?.get(name) ?? 0)).join('\n');
  }

  /** [name, text] of the files of an output channel. */
  logs(channel) {
    const root = join(this.userData, 'logs');
    if (!existsSync(root)) return [];
    return readdirSync(root, { recursive: true })
      .map(String)
      .filter((name) => new RegExp(`/\\d+-${channel}\\.log$`).test(name))
      .sort()
      .map((name) => [name, readFileSync(join(root, name), 'utf8')]);
  }
}
