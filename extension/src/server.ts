// The server's process and the connection to it. It starts with the extension, and again after a crash.

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
import { engineNotification, logLevelNotification, outputNotification, runNotification } from './methods';
import type { ClientCapabilities, EngineStatus, OutputEvent, RunNotification } from './protocol';
import { ServerLog } from './server_log';
import { HOST_OPTION, requireExecutable, serverProgram, ServerUnavailable, startError, type Program } from './server_program';
import { onDidChangeOptions, options } from './settings';

const MAX_RESTARTS = 4;
const RESTART_WINDOW_MS = 3 * 60_000;
// A shutdown ends the live runs and removes their containers. The server has 10 s for this.
const STOP_TIMEOUT_MS = 11_000;

/**
 * Starts the client. If its server ends before it answers, the start may look successful: the
 * state then is not Running.
 */
async function startClient(client: LanguageClient): Promise<boolean> {
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

const capabilitiesFeature: StaticFeature = {
  fillClientCapabilities(capabilities) {
    const dind: ClientCapabilities = { output: true, clientCommands: true };
    capabilities.experimental = { ...(capabilities.experimental as object | undefined), dind };
    // The status item and the progress already show it. The server's progress would be a second one beside them.
    if (capabilities.window) capabilities.window.workDoneProgress = false;
  },
  initialize() {},
  getState: () => ({ kind: 'static' }),
  clear() {},
};

export interface ServerMessage {
  type: MessageType;
  message: string;
}

export class Server implements vscode.Disposable {
  readonly log = new ServerLog('DinD Executor Server');
  private readonly runEmitter = new vscode.EventEmitter<RunNotification>();
  private readonly outputEmitter = new vscode.EventEmitter<OutputEvent>();
  private readonly engineEmitter = new vscode.EventEmitter<EngineStatus>();
  private readonly messageEmitter = new vscode.EventEmitter<ServerMessage>();
  private readonly startEmitter = new vscode.EventEmitter<void>();
  private readonly failEmitter = new vscode.EventEmitter<ServerUnavailable>();
  readonly onRun = this.runEmitter.event;
  readonly onOutput = this.outputEmitter.event;
  readonly onEngine = this.engineEmitter.event;
  readonly onMessage = this.messageEmitter.event;
  /** The server runs, for the first time or again. */
  readonly onDidStart = this.startEmitter.event;
  /** The server is down: it did not start, or it crashed too often. It stays down until somebody asks for it. */
  readonly onDidFail = this.failEmitter.event;

  /** Features add their parts before the server starts. */
  readonly middleware: Middleware = {};

  private readonly extension: vscode.ExtensionContext;
  private client: LanguageClient | undefined;
  private starting: Promise<LanguageClient> | undefined;
  private crashes: number[] = [];
  private readonly listeners: vscode.Disposable;

  constructor(extension: vscode.ExtensionContext) {
    this.extension = extension;
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

  startInBackground(): void {
    this.ready().catch((error: unknown) => this.reportDown(error));
  }

  /** Tells the features that a start failed. Throws the error again if it is another one. */
  reportDown(error: unknown): void {
    if (!(error instanceof ServerUnavailable)) throw error;
    this.failEmitter.fire(error);
  }

  async restart(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.stop();
    await this.ready();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client?.state === State.Running) await client.stop(STOP_TIMEOUT_MS).catch(() => undefined);
    await client?.dispose().catch(() => undefined);
  }

  dispose(): void {
    this.listeners.dispose();
    this.log.dispose();
    for (const emitter of [this.runEmitter, this.outputEmitter, this.engineEmitter, this.messageEmitter]) emitter.dispose();
    this.startEmitter.dispose();
    this.failEmitter.dispose();
  }

  program(): Program {
    return serverProgram(this.extension.extensionUri);
  }

  private async start(): Promise<LanguageClient> {
    // The client may be restarting after a crash.
    if (this.client?.state === State.Starting && (await startClient(this.client).catch(() => false))) return this.client;
    await this.stop();
    const program = this.program();
    await requireExecutable(program);
    // The default level of the channel does not change the server's level, which the operator sets.
    const level = this.log.level === 'info' ? [] : ['--log-level', this.log.level];
    const args = [...program.args, 'lsp', ...HOST_OPTION, ...level];
    const client = this.newClient(program, args);
    this.client = client;
    try {
      if (!(await startClient(client))) throw new Error(vscode.l10n.t('it ended before it answered'));
    } catch (error) {
      this.client = undefined;
      const message = await startError(program, args);
      if (message !== undefined) throw new ServerUnavailable(vscode.l10n.t('The sandbox server does not start: {0}', message));
      const reason = error instanceof Error ? error.message : String(error);
      throw new ServerUnavailable(
        vscode.l10n.t('The sandbox server {0} does not start: {1}. The log says why.', program.command, reason),
      );
    }
    return client;
  }

  private newClient({ command, env }: Program, args: string[]): LanguageClient {
    // Detached: the server ends by itself, and may first have to finish runs from terminals.
    const client = new QuietClient('dind', this.log.name, { command, args, options: { env, detached: true } }, this.clientOptions());
    client.registerFeature(capabilitiesFeature);
    client.onNotification(runNotification, (event) => this.runEmitter.fire(event));
    client.onNotification(outputNotification, (event) => this.outputEmitter.fire(event));
    client.onNotification(engineNotification, (event) => this.engineEmitter.fire(event));
    client.onNotification(ShowMessageNotification.type, (event) => this.messageEmitter.fire(event));
    client.onDidChangeState(({ newState }) => {
      // The state is Running before the client sends the open documents. Requests made then would come before them.
      if (newState === State.Running) client.start().then(() => this.startEmitter.fire(), () => {});
    });
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
        closed: () => this.onClosed(),
      },
      middleware: this.middleware,
    };
  }

  private onClosed(): { action: CloseAction; handled: true } {
    if (this.starting) return { action: CloseAction.DoNotRestart, handled: true }; // start() reports it
    const now = Date.now();
    this.crashes = [...this.crashes.filter((at) => now - at < RESTART_WINDOW_MS), now];
    if (this.crashes.length <= MAX_RESTARTS) return { action: CloseAction.Restart, handled: true };
    this.crashes = [];
    this.failEmitter.fire(
      new ServerUnavailable(vscode.l10n.t('The sandbox server ended {0} times in a few minutes and stays stopped.', MAX_RESTARTS + 1)),
    );
    return { action: CloseAction.DoNotRestart, handled: true };
  }

  private sendOptions(): void {
    void this.running?.sendNotification('workspace/didChangeConfiguration', { settings: { dind: options() } });
  }
}
