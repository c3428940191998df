// Activates the parts and connects them. Nothing here runs a file: only an action of the person does.

import * as vscode from 'vscode';
import { MessageType } from 'vscode-languageclient/node';
import { registerCommands } from './features/run_file';
import { expectRuns } from './features/warm_up';
import { followFirstSteps } from './features/first_steps';
import { ignoredSettingsNotes } from './features/ignored_settings';
import { registerMenu } from './features/menu';
import { Messages } from './messages';
import { registerSettingsCommand } from './settings_page';
import { OutputChannel } from './output';
import { showPullProgress } from './features/progress';
import { registerReports } from './features/reports';
import { lensMiddleware, Runnable } from './runnable';
import { Runs } from './runs';
import { Server, ServerUnavailable } from './server';
import { onDidChangeServerSettings } from './settings';
import { Status } from './features/status';
import { registerWorkspaceCommands } from './features/run_workspace';

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const channel = new OutputChannel();
  const theServer: Server = (server = new Server(context, lensMiddleware(() => runs)));
  const runs = new Runs(theServer, channel, ignoredSettingsNotes());
  const runnable = new Runnable(theServer);
  const status = new Status(theServer, runs, runnable);
  const messages = new Messages({ showOutput: () => channel.show(), showLog: () => theServer.log.show() });
  const restart = (): void => void vscode.commands.executeCommand('dind.restartServer');

  const down = (error: unknown): void => {
    if (!(error instanceof ServerUnavailable)) throw error;
    status.serverDown(error.message);
    messages.serverDown(error.message, restart);
  };
  context.subscriptions.push(
    registerCommands(theServer, runs, channel, messages),
    registerWorkspaceCommands(theServer, runs, channel, messages, runnable),
    registerMenu(status, runs, runnable),
    registerReports(theServer),
    registerSettingsCommand(),
    followFirstSteps(theServer, runs),
    showPullProgress(runs),
    expectRuns(theServer),
    theServer.onDidFail(down),
    theServer.onMessage(({ type, message }) => {
      theServer.log.appendLine(message);
      // If the engine is lost, each live run ends with its own message.
      if (type === MessageType.Error && (runs.all.length > 0 || lostEngine(runs))) return;
      if (type <= MessageType.Info) {
        messages.fromServer(message, type === MessageType.Error ? 'error' : type === MessageType.Warning ? 'warning' : 'info');
      }
    }),
    onDidChangeServerSettings(() => void restartWhenIdle(theServer, runs).catch(down)),
    status,
    runnable,
    runs,
    theServer,
    channel,
  );
  theServer.ready().catch(down);
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

function lostEngine({ last }: Runs): boolean {
  return last !== undefined && 'failure' in last.ended && last.ended.failure.kind.startsWith('engine');
}

/** A setting of the server's start has changed. Live runs first end with the present server. */
async function restartWhenIdle(theServer: Server, runs: Runs): Promise<void> {
  await Promise.all(runs.all.map(({ ended }) => ended));
  await theServer.restart();
}
