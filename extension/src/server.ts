// The server's process and the connection to it. It starts with the extension, and again after a crash.

import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  MessageType,
  ShowMessageNotification,
  State,
  type LanguageClientOptions,
  type Middleware,
  type StaticFeature,
} from 'vscode-languageclient/node';
import {
  engineNotification,
  logLevelNotification,
  outputNotification,
  runNotification,
  type ClientCapabilities,
  type Engine,
  type Output,
  type RunState,
} from './protocol';
import { ServerLog } from './server_log';
import { onDidChangeOptions, options, serverSettings } from './settings';
import { toSafeLine } from './text/safe_line';

const CRASHES_ALLOWED = 4;
const CRASH_WINDOW_MS = 3 * 60_000;
const LAST_WORDS_MS = 5_000;
export const HOST_OPTION = ['--host-option', 'the setting dind.engine.host']; // lsp, doctor: how messages call --host
const CANNOT_RUN = 125; // exit code of the server if a setting is wrong

/** There is no server. The message says why and what to do. */
export class ServerUnavailable extends Error {}

/**
 * The message of a server that ends at once because a setting is wrong. Undefined: it does not end, or says nothing.
 */
function lastWords(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { env, timeout: LAST_WORDS_MS }, (error, _stdout, stderr) => {
      const words = stderr.trim().split('\n').at(-1)?.replace(/^dind-executor: /, '') ?? '';
      resolve(error !== null && error.code === CANNOT_RUN && words !== '' ? toSafeLine(words) : undefined);
    });
    child.stdin?.end();
  });
}

/**
 * Starts the client. If its server ends before it answers, the start may look successful: the
 * state then is not Running.
 */
async function comesUp(client: LanguageClient): Promise<boolean> {
  await client.start();
  return client.state === State.Running;
}

/** The language client without notifications. The code that started the failed action shows one, with the remedy. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown, _showNotification?: boolean | 'force'): void {
    super.error(message, data, false);
  }

  override warn(message: string, data?: unknown, _showNotification?: boolean): void {
    super.warn(message, data, false);
  }

  override info(message: string, data?: unknown, _showNotification?: boolean): void {
    super.info(message, data, false);
  }
}

const ourCapabilities: StaticFeature = {
  fillClientCapabilities(capabilities) {
    const dind: ClientCapabilities = { output: true, ownCommands: true };
    capabilities.experimental = { ...(capabilities.experimental as object | undefined), dind };
    // The status item and the progress already show it. The server's progress would be a second one beside them.
    if (capabilities.window) capabilities.window.workDoneProgress = false;
  },
  initialize() {},
  getState: () => ({ kind: 'static' }),
  clear() {},
};

export interface Program {
  command: string;
  /** Set by the setting dind.serverPath. */
  chosen: boolean;
  args: string[];
  env: NodeJS.ProcessEnv;
}

export interface ServerMessage {
  type: MessageType;
  message: string;
}

export class Server implements vscode.Disposable {
  readonly log = new ServerLog('DinD Executor Server');
  private readonly runEmitter = new vscode.EventEmitter<RunState>();
  private readonly outputEmitter = new vscode.EventEmitter<Output>();
  private readonly engineEmitter = new vscode.EventEmitter<Engine>();
  private readonly messageEmitter = new vscode.EventEmitter<ServerMessage>();
  private readonly startEmitter = new vscode.EventEmitter<void>();
  private readonly failEmitter = new vscode.EventEmitter<ServerUnavailable>();
  readonly onRun = this.runEmitter.event;
  readonly onOutput = this.outputEmitter.event;
  readonly onEngine = this.engineEmitter.event;
  readonly onMessage = this.messageEmitter.event;
  /** The server runs, for the first time or again. */
  readonly onDidStart = this.startEmitter.event;
  /** The server crashed too often. It stays down until somebody asks for it. */
  readonly onDidFail = this.failEmitter.event;

  private readonly extension: vscode.ExtensionContext;
  private readonly middleware: Middleware;
  private client: LanguageClient | undefined;
  private starting: Promise<LanguageClient> | undefined;
  private crashes: number[] = [];
  private readonly listeners: vscode.Disposable;

  constructor(extension: vscode.ExtensionContext, middleware: Middleware) {
    this.extension = extension;
    this.middleware = middleware;
    this.listeners = vscode.Disposable.from(
      onDidChangeOptions(() => this.sendOptions()),
      this.log.onDidChangeLevel((level) => void this.running?.sendNotification(logLevelNotification, { level })),
    );
  }

  /** The connection. Starts the server if none runs. Throws ServerUnavailable. */
  ready(): Promise<LanguageClient> {
    if (this.client?.state === State.Running) return Promise.resolve(this.client);
    this.starting ??= this.start().finally(() => (this.starting = undefined));
    return this.starting;
  }

  /** The connection, if there is one. */
  get running(): LanguageClient | undefined {
    return this.client?.state === State.Running ? this.client : undefined;
  }

  async restart(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.stop();
    await this.ready();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    // A shutdown ends the live runs and removes their containers. The server has 10 s for this.
    if (client?.state === State.Running) await client.stop(11_000).catch(() => undefined);
    await client?.dispose().catch(() => undefined);
  }

  dispose(): void {
    this.listeners.dispose();
    this.log.dispose();
    for (const emitter of [this.runEmitter, this.outputEmitter, this.engineEmitter, this.messageEmitter]) emitter.dispose();
    this.startEmitter.dispose();
    this.failEmitter.dispose();
  }

  /** The program, and what each of its commands gets: the engine and the certificates that the person has set. */
  program(): Program {
    const { path, engineHost, caBundle } = serverSettings();
    return {
      command: path || vscode.Uri.joinPath(this.extension.extensionUri, 'server', 'dind-executor').fsPath,
      chosen: path !== '',
      args: engineHost ? ['--host', engineHost] : [],
      env: caBundle ? { ...process.env, DIND_CA_BUNDLE: caBundle } : process.env,
    };
  }

  private async start(): Promise<LanguageClient> {
    // The client may be restarting after a crash.
    if (this.client?.state === State.Starting && (await comesUp(this.client).catch(() => false))) return this.client;
    await this.stop();
    const { command, chosen, args, env } = this.program();
    await requireExecutable(command, chosen);
    // The default level of the channel does not change the server's level, which the operator sets.
    const level = this.log.level === 'info' ? [] : ['--log-level', this.log.level];
    const lsp = [...args, 'lsp', ...HOST_OPTION, ...level];
    // Detached: the server ends by itself, and may first have to finish runs from terminals.
    const client = new QuietClient('dind', this.log.name, { command, args: lsp, options: { env, detached: true } }, this.clientOptions());
    client.registerFeature(ourCapabilities);
    client.onNotification(runNotification, (event) => this.runEmitter.fire(event));
    client.onNotification(outputNotification, (event) => this.outputEmitter.fire(event));
    client.onNotification(engineNotification, (event) => this.engineEmitter.fire(event));
    client.onNotification(ShowMessageNotification.type, (event) => this.messageEmitter.fire(event));
    client.onDidChangeState(({ newState }) => {
      // The state is Running before the client sends the open documents. Requests made then would come before them.
      if (newState === State.Running) client.start().then(() => this.startEmitter.fire(), () => {});
    });
    this.client = client;
    try {
      if (!(await comesUp(client))) throw new Error(vscode.l10n.t('it ended before it answered'));
    } catch (error) {
      this.client = undefined;
      const words = await lastWords(command, lsp, env);
      if (words !== undefined) throw new ServerUnavailable(vscode.l10n.t('The sandbox server does not start: {0}', words));
      const reason = error instanceof Error ? error.message : String(error);
      throw new ServerUnavailable(
        vscode.l10n.t('The sandbox server {0} does not start: {1}. The log says why.', command, reason),
      );
    }
    return client;
  }

  private clientOptions(): LanguageClientOptions {
    return {
      documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
      outputChannel: this.log,
      initializationOptions: options,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (_error, _message, count) => ({ action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown }),
        closed: () => this.closed(),
      },
      middleware: this.middleware,
    };
  }

  private closed(): { action: CloseAction; handled: true } {
    if (this.starting) return { action: CloseAction.DoNotRestart, handled: true }; // start() reports it
    const now = Date.now();
    this.crashes = [...this.crashes.filter((at) => now - at < CRASH_WINDOW_MS), now];
    if (this.crashes.length <= CRASHES_ALLOWED) return { action: CloseAction.Restart, handled: true };
    this.crashes = [];
    this.failEmitter.fire(
      new ServerUnavailable(vscode.l10n.t('The sandbox server ended {0} times in a few minutes and stays stopped.', CRASHES_ALLOWED + 1)),
    );
    return { action: CloseAction.DoNotRestart, handled: true };
  }

  private sendOptions(): void {
    void this.running?.sendNotification('workspace/didChangeConfiguration', { settings: { dind: options() } });
  }
}

async function requireExecutable(path: string, chosen: boolean): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch {
    throw new ServerUnavailable(
      chosen
        ? vscode.l10n.t('There is no sandbox server that can be executed at {0}. Correct the setting dind.serverPath.', path)
        : vscode.l10n.t(
            'The sandbox server {0} is missing: this package of the extension is not for this machine. Install the one for its platform, or name a server in the setting dind.serverPath.',
            path,
          ),
    );
  }
}
