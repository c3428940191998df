// The command that stops runs, and the context keys for its buttons and its key binding.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { notify } from '../notify';
import { STOP } from '../methods';
import { resourcePaths } from '../runnable';
import { isIn, type Run, type Runs } from '../runs';
import { targetOf, textTabs } from '../target';
import { toSafeLine } from '../text/safe_line';

export function activate({ runs }: Context): vscode.Disposable {
  async function stop(argument?: unknown): Promise<void> {
    const target = targetOf(argument);
    const run = target && runs.covering(vscode.Uri.parse(target.uri, true));
    if (!run && runs.all.length === 0) return void notify('info', vscode.l10n.t('Nothing is running.'));
    const chosen = run ? [run] : await chooseRuns(runs.all);
    await Promise.all(chosen.map((each) => runs.stop(each)));
  }

  return vscode.Disposable.from(
    vscode.commands.registerCommand(STOP, stop),
    runs.onDidChange(() => void setContextKeys(runs)),
    vscode.window.tabGroups.onDidChangeTabs(() => void setContextKeys(runs)),
  );
}

/** Asks which runs to stop, if there are several. */
async function chooseRuns(runs: Run[]): Promise<Run[]> {
  if (runs.length <= 1) return runs;
  const items = [
    { label: vscode.l10n.t('All runs'), description: '', runs },
    ...runs.map((run) => ({
      label: toSafeLine(run.name),
      description: toSafeLine(vscode.workspace.asRelativePath(run.uri)),
      runs: [run],
    })),
  ];
  const picked = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which run do you want to stop?') });
  return picked?.runs ?? [];
}

/** Sets the keys also for the open files of a folder that runs. */
async function setContextKeys({ all }: Runs): Promise<void> {
  const covered = textTabs().filter((uri) => all.some((run) => isIn(uri, run.uri)));
  const paths = [...all.map(({ uri }) => uri), ...covered].flatMap(resourcePaths);
  await vscode.commands.executeCommand('setContext', 'dind.running', all.length > 0);
  await vscode.commands.executeCommand('setContext', 'dind.runningPaths', paths);
}
