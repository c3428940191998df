// The commands of the palette, the lens, the key and the buttons.

import * as vscode from 'vscode';
import { RUN_FILE, STOP, type RunFile } from './protocol';
import { canBeRun, resourcePaths } from './runnable';
import type { Messages } from './messages';
import type { OutputChannel } from './output';
import type { Run, Runs } from './runs';
import { ServerUnavailable, type Server } from './server';
import { trusted } from './trust';

/** From a lens `{ uri }`, from a button of the editor a Uri, from palette and key nothing. */
type Target = { uri: string } & Partial<RunFile>;

export function registerCommands(
  server: Server,
  runs: Runs,
  channel: OutputChannel,
  messages: Messages,
): vscode.Disposable {
  async function runFile(argument?: unknown): Promise<void> {
    if (!trusted()) return;
    const target = targetOf(argument);
    if (!target) {
      void vscode.window.showErrorMessage(vscode.l10n.t('Open a file to run it in a sandbox.'));
      return;
    }
    const { uri, ...more } = target;
    const file = vscode.Uri.parse(uri, true);
    channel.show();
    const ended = await runs.start(file, { command: RUN_FILE, more });
    if ('failure' in ended) messages.failed(ended.failure, () => void runFile(target));
  }

  async function stop(argument?: unknown): Promise<void> {
    const target = targetOf(argument);
    const run = target && runs.of(vscode.Uri.parse(target.uri, true));
    const chosen = run ? [run] : await choose(runs.all);
    if (chosen.length === 0 && runs.all.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Nothing is running.'));
    }
    await Promise.all(chosen.map((each) => runs.stop(each)));
  }

  async function restartServer(): Promise<void> {
    try {
      await server.restart();
    } catch (error) {
      if (!(error instanceof ServerUnavailable)) throw error;
      messages.serverDown(error.message, () => void restartServer());
    }
  }

  return vscode.Disposable.from(
    vscode.commands.registerCommand(RUN_FILE, runFile),
    vscode.commands.registerCommand(STOP, stop),
    vscode.commands.registerCommand('dind.showOutput', () => channel.show()),
    vscode.commands.registerCommand('dind.restartServer', restartServer),
    runs.onDidChange(() => void setContext(runs.all)),
  );
}

function targetOf(argument: unknown): Target | undefined {
  if (argument instanceof vscode.Uri) return { uri: argument.toString() };
  if (typeof argument === 'object' && argument !== null && 'uri' in argument && typeof argument.uri === 'string') {
    return argument as Target;
  }
  const editors = [vscode.window.activeTextEditor, ...vscode.window.visibleTextEditors];
  const uri = editors.find((editor) => editor && canBeRun(editor.document.uri))?.document.uri;
  return uri && { uri: uri.toString() };
}

/** Which of the runs is meant, where the active file is not one of them. */
async function choose(runs: Run[]): Promise<Run[]> {
  if (runs.length <= 1) return runs;
  const items = [
    { label: vscode.l10n.t('All runs'), description: '', runs },
    ...runs.map((run) => ({ label: run.name, description: vscode.workspace.asRelativePath(run.uri), runs: [run] })),
  ];
  const picked = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which run is to be stopped?') });
  return picked?.runs ?? [];
}

async function setContext(runs: Run[]): Promise<void> {
  await vscode.commands.executeCommand('setContext', 'dind.running', runs.length > 0);
  await vscode.commands.executeCommand('setContext', 'dind.runningPaths', runs.flatMap(({ uri }) => resourcePaths(uri)));
}
