// The menu of the status item: the actions that are possible in the state that it shows.

import * as vscode from 'vscode';
import { openSettings } from '../settings_page';
import { RUN_FILE, RUN_WORKSPACE, STOP } from '../protocol';
import { canBeRun, type Runnable } from '../runnable';
import type { Runs } from '../runs';
import { toSafeLine } from '../text/safe_line';
import type { Status } from './status';

interface Item extends vscode.QuickPickItem {
  run?: () => unknown;
}

export function registerMenu(status: Status, runs: Runs, runnable: Runnable): vscode.Disposable {
  return vscode.commands.registerCommand('dind.showMenu', async () => {
    const picked = await vscode.window.showQuickPick(items(status, runs, runnable), {
      title: 'DinD Executor',
      placeHolder: toSafeLine(status.summary),
    });
    picked?.run?.();
  });
}

function items(status: Status, runs: Runs, runnable: Runnable): Item[] {
  const command = (id: string, ...rest: unknown[]) => (): unknown => vscode.commands.executeCommand(id, ...rest);
  const separator: Item = { label: '', kind: vscode.QuickPickItemKind.Separator };
  const active = vscode.window.visibleTextEditors.find(({ document: { uri } }) => canBeRun(uri) && runnable.has(uri))?.document.uri;
  const { serverProblem, engineProblem } = status;
  const problem: Item[] = [];
  if (serverProblem !== undefined) {
    problem.push(
      { label: `$(debug-restart) ${vscode.l10n.t('Restart the server')}`, detail: toSafeLine(serverProblem), run: command('dind.restartServer') },
      { label: `$(gear) ${vscode.l10n.t('Choose the server program')}`, run: () => openSettings('dind.serverPath') },
      separator,
    );
  } else if (engineProblem !== undefined) {
    problem.push(
      { label: `$(refresh) ${vscode.l10n.t('Try to reach the engine again')}`, detail: toSafeLine(engineProblem), run: command('dind.restartServer') },
      { label: `$(gear) ${vscode.l10n.t("Set the engine's address")}`, run: () => openSettings('dind.engine.host') },
      separator,
    );
  }
  const stops: Item[] = runs.all.map((run) => ({
    label: `$(debug-stop) ${vscode.l10n.t('Stop {0}', toSafeLine(run.name))}`,
    run: command(STOP, { uri: run.uri.toString() }),
  }));
  const starts: Item[] = [
    ...(active ? [{ label: `$(play) ${vscode.l10n.t('Run {0}', toSafeLine(active.path.split('/').pop() ?? ''))}`, run: command(RUN_FILE, active) }] : []),
    ...(vscode.workspace.workspaceFolders?.length ? [{ label: `$(run-all) ${vscode.l10n.t('Run the folder')}`, run: command(RUN_WORKSPACE) }] : []),
    ...(runs.again && runs.last ? [{ label: `$(history) ${vscode.l10n.t('Run {0} again', toSafeLine(runs.last.name))}`, run: command('dind.rerunLast') }] : []),
  ];
  return [
    ...problem,
    ...stops,
    ...starts,
    separator,
    { label: `$(output) ${vscode.l10n.t('Show Output')}`, run: command('dind.showOutput') },
    { label: `$(list-unordered) ${vscode.l10n.t('Show History')}`, run: command('dind.showHistory') },
    { label: `$(pulse) ${vscode.l10n.t('Check the engine and the images (doctor)')}`, run: command('dind.doctor') },
    { label: `$(gear) ${vscode.l10n.t('Open Settings')}`, run: () => openSettings() },
    { label: `$(note) ${vscode.l10n.t('Show Log')}`, run: command('dind.showLog') },
  ];
}
