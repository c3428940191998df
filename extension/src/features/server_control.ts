// Restarts the server, says when it is down, and shows the messages that it sends without a request.

import * as vscode from 'vscode';
import { MessageType } from 'vscode-languageclient/node';
import type { Context } from '../context';
import type { Severity } from '../notify';
import type { Runs } from '../runs';
import { onDidChangeServerSettings } from '../settings';

export function activate({ server, runs, messages }: Context): vscode.Disposable {
  const restart = (): Promise<void> => server.restart().catch((error: unknown) => server.reportDown(error));
  return vscode.Disposable.from(
    vscode.commands.registerCommand('dind.restartServer', restart),
    server.onDidFail(({ message }) => messages.serverDown(message, () => void restart())),
    server.onMessage(({ type, message }) => {
      server.log.appendLine(message);
      // If the engine is lost, each live run ends with its own message.
      if (type === MessageType.Error && (runs.all.length > 0 || lastRunLostEngine(runs))) return;
      const severity = severityOf(type);
      if (severity) messages.fromServer(message, severity);
    }),
    // A setting of the server's start has changed. The live runs first end with the present server.
    onDidChangeServerSettings(() => void Promise.all(runs.all.map(({ ended }) => ended)).then(restart)),
  );
}

function lastRunLostEngine({ last }: Runs): boolean {
  return last !== undefined && 'failure' in last.outcome && last.outcome.failure.kind.startsWith('engine');
}

/** Undefined: the message is only for the log. */
function severityOf(type: MessageType): Severity | undefined {
  switch (type) {
    case MessageType.Error:
      return 'error';
    case MessageType.Warning:
      return 'warning';
    case MessageType.Info:
      return 'info';
    default:
      return undefined;
  }
}
