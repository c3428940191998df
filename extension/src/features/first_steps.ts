// Context keys that tick the steps of the walkthrough, when a step has happened, not when its command was called.

import * as vscode from 'vscode';
import type { Runs } from '../runs';
import type { Server } from '../server';

type Step = 'engineReachable' | 'hasRun' | 'hasRunFolder' | 'hasStopped';

export function followFirstSteps(server: Server, runs: Runs): vscode.Disposable {
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
    runs.onDidEnd(({ ended, isFolder }) => {
      if (!('result' in ended) || ended.result.stage !== 'program') return;
      tick('hasRun');
      if (isFolder) tick('hasRunFolder');
      if (ended.result.verdict === 'cancelled') tick('hasStopped');
    }),
    vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => tickAgain([...opened, ...changed])),
  );
}
