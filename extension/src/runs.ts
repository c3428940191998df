// The runs of this window: an action starts them, one at a time for each file, and they are followed to their end.

import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { ExecuteCommandRequest, ResponseError } from 'vscode-languageclient/node';
import type { OutputChannel, RunOutput } from './output';
import {
  REQUEST_CANCELLED,
  RUN_WORKSPACE,
  STOP,
  type ErrorData,
  type ErrorKind,
  type RUN_FILE,
  type RunFile,
  type RunResult,
  type RunState,
  type RunWorkspace,
  type Stop,
  type StopResult,
} from './protocol';
import { ServerUnavailable, type Server } from './server';
import { runOptions } from './settings';

/** Max time for a stopped run to end before its request is cancelled. */
const STOP_WITHIN_MS = 5_000;

export type Failure = { kind: ErrorKind | 'server'; message: string };
export type Ended = { result: RunResult } | { failure: Failure } | { cancelled: true };

export interface Run {
  readonly id: string;
  readonly uri: vscode.Uri;
  readonly name: string;
  readonly output: RunOutput;
  /** Cancels the request: the server then answers at once. */
  readonly request: vscode.CancellationTokenSource;
  readonly ended: Promise<Ended>;
  /** The server's last state of the run; undefined until the server has sent one. */
  state: RunState | undefined;
  startedAt: number | undefined;
}

/** The request to the server: the command, and its fields besides the uri and the run's id. */
export type Order =
  | { command: typeof RUN_FILE; more: Partial<RunFile> }
  | { command: typeof RUN_WORKSPACE; more: Partial<RunWorkspace> };

export class Runs implements vscode.Disposable {
  private readonly server: Server;
  private readonly channel: OutputChannel;
  private readonly runs = new Map<string, Run>();
  private readonly newest = new Map<string, string>();
  private readonly changeEmitter = new vscode.EventEmitter<void>();
  private readonly endEmitter = new vscode.EventEmitter<{ ended: Ended; isFolder: boolean }>();
  private readonly listeners: vscode.Disposable;
  /** A run begins, changes its state, or ends. */
  readonly onDidChange = this.changeEmitter.event;
  readonly onDidEnd = this.endEmitter.event;
  last: { name: string; ended: Ended } | undefined;
  /** Repeats the latest run. */
  again: (() => void) | undefined;

  private readonly notes: (uri: vscode.Uri) => string[];

  /** `notes`: lines for the output of each run of this file or folder. */
  constructor(server: Server, channel: OutputChannel, notes: (uri: vscode.Uri) => string[]) {
    this.server = server;
    this.notes = notes;
    this.channel = channel;
    this.listeners = vscode.Disposable.from(
      server.onOutput((event) => this.runs.get(event.runId)?.output.write(event)),
      server.onRun((event) => this.onState(event)),
    );
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
  async start(uri: vscode.Uri, { command, more }: Order): Promise<Ended> {
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
    output.notes(this.notes(uri));
    const request = new vscode.CancellationTokenSource();
    const run: Run = {
      id,
      uri,
      name,
      output,
      request,
      state: undefined,
      startedAt: undefined,
      ended: this.follow(command, { ...runOptions(uri), ...more, uri: key, runId: id }, name, output, request.token),
    };
    this.runs.set(id, run);
    this.changeEmitter.fire();
    return run.ended;
  }

  /** Tells the server to stop a run. Cancels the request if the run does not end in time. */
  async stop(run: Run): Promise<void> {
    const hurry = setTimeout(() => run.request.cancel(), STOP_WITHIN_MS);
    void run.ended.finally(() => clearTimeout(hurry));
    const argument: Stop = { runId: run.id };
    const client = this.server.running;
    const answer: Promise<StopResult> | undefined = client?.sendRequest(ExecuteCommandRequest.type, {
      command: STOP,
      arguments: [argument],
    });
    try {
      await answer;
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
    command: string,
    asked: RunFile | RunWorkspace,
    name: string,
    output: RunOutput,
    token: vscode.CancellationToken,
  ): Promise<Ended> {
    const ended = await this.request(command, asked, token);
    if ('result' in ended) output.finished(ended.result);
    else if ('failure' in ended) output.ended(ended.failure.message);
    else output.ended(vscode.l10n.t('Stopped'));
    if (asked.runId) this.runs.delete(asked.runId);
    this.last = { name, ended };
    this.changeEmitter.fire();
    this.endEmitter.fire({ ended, isFolder: command === RUN_WORKSPACE });
    return ended;
  }

  private async request(command: string, asked: RunFile | RunWorkspace, token: vscode.CancellationToken): Promise<Ended> {
    try {
      const client = await this.server.ready();
      const result: RunResult = await client.sendRequest(
        ExecuteCommandRequest.type,
        { command, arguments: [asked] },
        token,
      );
      return { result };
    } catch (error) {
      return failed(error, token);
    }
  }

  private onState(event: RunState): void {
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

function failed(error: unknown, token: vscode.CancellationToken): Ended {
  if (error instanceof ServerUnavailable) return { failure: { kind: 'server', message: error.message } };
  if (error instanceof ResponseError) {
    if (error.code === REQUEST_CANCELLED || token.isCancellationRequested) return { cancelled: true };
    const data = error.data as Partial<ErrorData> | undefined;
    if (data?.kind && data.message) return { failure: { kind: data.kind, message: data.message } };
    if (error.code > -32800 || error.code < -32899) {
      // -32097 and similar codes: the connection was closed while the request was open.
      if (/connection|pending response/i.test(error.message)) {
        return { failure: { kind: 'server', message: vscode.l10n.t('The sandbox server ended while this ran. Run it again.') } };
      }
    }
    return { failure: { kind: 'internal', message: error.message } };
  }
  if (token.isCancellationRequested || error instanceof vscode.CancellationError) return { cancelled: true };
  return { failure: { kind: 'internal', message: error instanceof Error ? error.message : String(error) } };
}
