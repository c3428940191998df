// What the features share. A feature is a file in features/ with `activate(context): Disposable`.

import * as vscode from 'vscode';
import { Messages } from './messages';
import { OutputChannel } from './output';
import { Runnable } from './runnable';
import { Runs } from './runs';
import { Server } from './server';

export class Context implements vscode.Disposable {
  /** The server's process, its notifications, and its log. */
  readonly server: Server;
  /** The panel that shows the output of the runs. */
  readonly output = new OutputChannel();
  /** The live runs of this window. */
  readonly runs: Runs;
  /** Which open documents can be run. */
  readonly runnable: Runnable;
  /** Messages to the person about runs and the server. */
  readonly messages: Messages;

  constructor(extension: vscode.ExtensionContext) {
    this.server = new Server(extension);
    this.runs = new Runs(this.server, this.output);
    this.runnable = new Runnable(this.server);
    this.messages = new Messages({ showOutput: () => this.output.show(), showLog: () => this.server.log.show() });
  }

  dispose(): void {
    vscode.Disposable.from(this.runnable, this.runs, this.server, this.output).dispose();
  }
}
