// The menu of the status item: the actions that are possible in the state that it shows.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { RUN_FILE, RUN_WORKSPACE, STOP } from '../methods';
import { canBeRun } from '../runnable';
import { openSettings } from '../settings_page';
import { toSafeLine } from '../text/safe_line';
import type { Status } from './status';

interface Item extends vscode.QuickPickItem {
  run?: () => unknown;
}

/** Shows the actions and runs the one that the person picks. */
export async function showMenu(context: Context, status: Status): Promise<void> {
  const picked = await vscode.window.showQuickPick(
    [...remedies(status), ...stops(context), ...starts(context), separator, ...views()],
    { title: 'DinD Executor', placeHolder: toSafeLine(status.summary) },
  );
  picked?.run?.();
}

const separator: Item = { label: '', kind: vscode.QuickPickItemKind.Separator };

function command(id: string, ...rest: unknown[]): () => unknown {
  return () => vscode.commands.executeCommand(id, ...rest);
}

function remedies({ serverProblem, engineProblem }: Status): Item[] {
  const restart = command('dind.restartServer');
  if (serverProblem !== undefined) {
    return [
      { label: `$(debug-restart) ${vscode.l10n.t('Restart the server')}`, detail: toSafeLine(serverProblem), run: restart },
      { label: `$(gear) ${vscode.l10n.t('Set the path of the server program')}`, run: () => openSettings('dind.serverPath') },
      separator,
    ];
  }
  if (engineProblem === undefined) return [];
  return [
    { label: `$(refresh) ${vscode.l10n.t('Connect to the engine again')}`, detail: toSafeLine(engineProblem), run: restart },
    { label: `$(gear) ${vscode.l10n.t("Set the engine's address")}`, run: () => openSettings('dind.engine.host') },
    separator,
  ];
}

function stops({ runs }: Context): Item[] {
  return runs.all.map((run) => ({
    label: `$(debug-stop) ${vscode.l10n.t('Stop {0}', toSafeLine(run.name))}`,
    run: command(STOP, { uri: run.uri.toString() }),
  }));
}

function starts({ runs, runnable }: Context): Item[] {
  const visible = vscode.window.visibleTextEditors.map(({ document }) => document.uri);
  const file = visible.find((uri) => canBeRun(uri) && runnable.has(uri));
  const items: Item[] = [];
  if (file) {
    const name = toSafeLine(file.path.split('/').pop() ?? '');
    items.push({ label: `$(play) ${vscode.l10n.t('Run {0}', name)}`, run: command(RUN_FILE, file) });
  }
  if (vscode.workspace.workspaceFolders?.length) {
    items.push({ label: `$(run-all) ${vscode.l10n.t('Run the folder')}`, run: command(RUN_WORKSPACE) });
  }
  if (runs.again && runs.last) {
    const name = toSafeLine(runs.last.name);
    items.push({ label: `$(history) ${vscode.l10n.t('Run {0} again', name)}`, run: command('dind.rerunLast') });
  }
  return items;
}

function views(): Item[] {
  return [
    { label: `$(output) ${vscode.l10n.t('Show Output')}`, run: command('dind.showOutput') },
    { label: `$(list-unordered) ${vscode.l10n.t('Show History')}`, run: command('dind.showHistory') },
    { label: `$(pulse) ${vscode.l10n.t('Check the engine and the images (doctor)')}`, run: command('dind.doctor') },
    { label: `$(gear) ${vscode.l10n.t('Open Settings')}`, run: () => openSettings() },
    { label: `$(note) ${vscode.l10n.t('Show Log')}`, run: command('dind.showLog') },
  ];
}
