// Context keys that tick the steps of the walkthrough, when a step has happened, not when its command was called.

import * as vscode from 'vscode';
import type { Context } from '../context';

type Step = 'engineReachable' | 'hasRun' | 'hasRunFolder' | 'hasStopped';

export function activate({ server, runs }: Context): vscode.Disposable {
  const done = new Set<Step>();
  // The editor ticks a step when its key becomes true, but not if the key was true before the walkthrough page was
  // first open. So a key is true only for a moment, and again when such a page is opened.
  const pulse = async (step: Step): Promise<void> => {
    await vscode.commands.executeCommand('setContext', `dind.${step}`, true);
    await vscode.commands.executeCommand('setContext', `dind.${step}`, false);
  };
  const tick = (step: Step): void => {
    done.add(step);
    void pulse(step);
  };
  const tickAgain = (tabs: readonly vscode.Tab[]): void => {
    if (tabs.some(({ input, isActive }) => isActive && input === undefined)) done.forEach((step) => void pulse(step));
  };
  return vscode.Disposable.from(
    server.onEngine(({ reachable }) => {
      if (reachable) tick('engineReachable');
    }),
    runs.onDidEnd(({ outcome, isFolder }) => {
      if (!('result' in outcome) || outcome.result.stage !== 'program') return;
      tick('hasRun');
      if (isFolder) tick('hasRunFolder');
      if (outcome.result.verdict === 'cancelled') tick('hasStopped');
    }),
    vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => tickAgain([...opened, ...changed])),
  );
}
