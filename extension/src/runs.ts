// The runs of this window: an action starts them, one at a time for each file, and they are followed to their end.

import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { ResponseError } from 'vscode-languageclient/node';
import { errorData, toFailure, type Failure } from './failure';
import type { OutputChannel, RunOutput } from './output';
import { REQUEST_CANCELLED, type RUN_FILE, RUN_WORKSPACE, STOP } from './methods';
import type { LspRunResult, RunFile, RunNotification, RunWorkspace } from './protocol';
import type { Server } from './server';
import { execute } from './server_commands';
import { ServerUnavailable } from './server_program';
import { runOptions } from './settings';

/** Max time for a stopped run to end before its request is cancelled. */
const STOP_TIMEOUT_MS = 5_000;

/** How a run ended. `cancelled`: the person stopped it before there was a result. */
export type Outcome = { result: LspRunResult } | { failure: Failure } | { cancelled: true };

export interface Run {
  readonly id: string;
  readonly uri: vscode.Uri;
  readonly name: string;
  readonly output: RunOutput;
  /** Cancels the request: the server then answers at once. */
  readonly request: vscode.CancellationTokenSource;
  readonly ended: Promise<Outcome>;
  /** The server's last state of the run; undefined until the server has sent one. */
  state: RunNotification | undefined;
  startedAt: number | undefined;
}

/** The request to the server: the command, and its fields besides the uri and the run's id. */
export type RunCommand =
  | { command: typeof RUN_FILE; fields: Partial<RunFile> }
  | { command: typeof RUN_WORKSPACE; fields: Partial<RunWorkspace> };

/** Lines for the output of each run of this file or folder. */
export type Notes = (uri: vscode.Uri) => string[];

export class Runs implements vscode.Disposable {
  private readonly server: Server;
  private readonly channel: OutputChannel;
  private readonly runs = new Map<string, Run>();
  private readonly newest = new Map<string, string>();
  private readonly changeEmitter = new vscode.EventEmitter<void>();
  private readonly endEmitter = new vscode.EventEmitter<{ outcome: Outcome; isFolder: boolean }>();
  private readonly listeners: vscode.Disposable;
  /** A run begins, changes its state, or ends. */
  readonly onDidChange = this.changeEmitter.event;
  readonly onDidEnd = this.endEmitter.event;
  last: { name: string; outcome: Outcome } | undefined;
  /** Repeats the latest run. */
  again: (() => void) | undefined;

  private readonly notes = new Set<Notes>();

  constructor(server: Server, channel: OutputChannel) {
    this.server = server;
    this.channel = channel;
    this.listeners = vscode.Disposable.from(
      server.onOutput((event) => this.runs.get(event.runId)?.output.write(event)),
      server.onRun((event) => this.onState(event)),
    );
  }

  addNotes(notes: Notes): vscode.Disposable {
    this.notes.add(notes);
    return new vscode.Disposable(() => this.notes.delete(notes));
  }

  /** The run of this file, or of a folder that contains it. */
  covering(uri: vscode.Uri): Run | undefined {
    return this.of(uri) ?? this.all.find((run) => isIn(uri, run.uri));
  }

  get all(): Run[] {
    return [...this.runs.values()];
  }

  of(uri: vscode.Uri): Run | undefined {
    return this.all.find((run) => run.uri.toString() === uri.toString());
  }

  /**
   * Runs a file or a folder and returns how it ended. First stops a live run of the same file or folder. If several
   * calls wait for that, the last one runs, and the others end as cancelled.
   */
  async start(uri: vscode.Uri, { command, fields }: RunCommand): Promise<Outcome> {
    const key = uri.toString();
    const id = randomUUID();
    this.newest.set(key, id);
    for (let earlier = this.of(uri); earlier; earlier = this.of(uri)) {
      await this.stop(earlier);
      await earlier.ended;
      if (this.newest.get(key) !== id) return { cancelled: true };
    }
    const name = uri.path.split('/').pop() ?? key;
    const output = this.channel.begin(name);
    output.notes([...this.notes].flatMap((notes) => notes(uri)));
    const request = new vscode.CancellationTokenSource();
    const run: Run = {
      id,
      uri,
      name,
      output,
      request,
      state: undefined,
      startedAt: undefined,
      ended: this.follow(command, { ...runOptions(uri), ...fields, uri: key, runId: id }, name, output, request.token),
    };
    this.runs.set(id, run);
    this.changeEmitter.fire();
    return run.ended;
  }

  /** Tells the server to stop a run. Cancels the request if the run does not end in time. */
  async stop(run: Run): Promise<void> {
    const timer = setTimeout(() => run.request.cancel(), STOP_TIMEOUT_MS);
    void run.ended.finally(() => clearTimeout(timer));
    const client = this.server.running;
    try {
      if (client) await execute(client, STOP, { runId: run.id });
    } catch {
      run.request.cancel();
    }
  }

  dispose(): void {
    this.listeners.dispose();
    this.changeEmitter.dispose();
    this.endEmitter.dispose();
  }

  private async follow(
    command: RunCommand['command'],
    asked: RunFile | RunWorkspace,
    name: string,
    output: RunOutput,
    token: vscode.CancellationToken,
  ): Promise<Outcome> {
    const outcome = await this.request(command, asked, token);
    if ('result' in outcome) output.finished(outcome.result);
    else if ('failure' in outcome) output.ended(outcome.failure.message);
    else output.ended(vscode.l10n.t('Stopped'));
    if (asked.runId) this.runs.delete(asked.runId);
    this.last = { name, outcome };
    this.changeEmitter.fire();
    this.endEmitter.fire({ outcome, isFolder: command === RUN_WORKSPACE });
    return outcome;
  }

  private async request(
    command: RunCommand['command'],
    asked: RunFile | RunWorkspace,
    token: vscode.CancellationToken,
  ): Promise<Outcome> {
    try {
      return { result: await execute(await this.server.ready(), command, asked, token) };
    } catch (error) {
      return toOutcome(error, token);
    }
  }

  private onState(event: RunNotification): void {
    const run = this.runs.get(event.runId);
    if (!run) return;
    run.state = event;
    if (event.state === 'queued' && event.position > 0) run.output.preparing('queue');
    if (event.state === 'preparing') run.output.preparing(event.stage);
    if (event.state === 'started') {
      run.startedAt = Date.now();
      run.output.started(event);
    }
    this.changeEmitter.fire();
  }
}

export function isIn(uri: vscode.Uri, folder: vscode.Uri): boolean {
  return uri.scheme === folder.scheme && uri.path.startsWith(`${folder.path.replace(/\/$/, '')}/`);
}

function toOutcome(error: unknown, token: vscode.CancellationToken): Outcome {
  if (error instanceof ServerUnavailable) return { failure: toFailure(error) };
  const cancelled = error instanceof ResponseError ? error.code === REQUEST_CANCELLED : error instanceof vscode.CancellationError;
  if (cancelled || token.isCancellationRequested) return { cancelled: true };
  if (isConnectionLost(error)) {
    return { failure: { kind: 'server', message: vscode.l10n.t('The sandbox server ended while this ran. Run it again.') } };
  }
  return { failure: toFailure(error) };
}

/** Whether the connection was closed while the request was open (code -32097 and similar). */
function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof ResponseError) || errorData(error)) return false;
  const isLspError = error.code <= -32800 && error.code >= -32899;
  return !isLspError && /connection|pending response/i.test(error.message);
}
