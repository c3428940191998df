// Shows a notification with the progress while a run waits for its image, its dependencies or
// its build. It can be cancelled.

import * as vscode from 'vscode';
import type { Context } from '../context';
import type { Run, Runs } from '../runs';
import { toSafeLine } from '../text/safe_line';

// An image that the engine already has takes no time, so nothing is shown for it.
const SHOW_AFTER_MS = 800;

export function activate({ runs }: Context): vscode.Disposable {
  const waiting = new Map<string, NodeJS.Timeout>();
  const listener = runs.onDidChange(() => {
    for (const run of runs.all) {
      if (isPreparing(run) && !waiting.has(run.id)) {
        const timer = setTimeout(() => void show(runs, run), SHOW_AFTER_MS);
        waiting.set(run.id, timer);
        void run.ended.then(() => {
          clearTimeout(timer);
          waiting.delete(run.id);
        });
      }
    }
  });
  return new vscode.Disposable(() => {
    listener.dispose();
    waiting.forEach((timer) => clearTimeout(timer));
  });
}

function isPreparing({ state }: Run): boolean {
  return state?.state === 'preparing' && state.stage !== 'container';
}

async function show(runs: Runs, run: Run): Promise<void> {
  if (!isPreparing(run)) return;
  const options = { location: vscode.ProgressLocation.Notification, title: toSafeLine(run.name, 80), cancellable: true };
  await vscode.window.withProgress(options, (progress, token) => {
    token.onCancellationRequested(() => void runs.stop(run));
    return new Promise<void>((resolve) => {
      let percent = 0;
      const update = (): void => {
        if (run.state?.state !== 'preparing' || !isPreparing(run)) return done();
        const increment = Math.max(0, (run.state.percent ?? percent) - percent);
        percent += increment;
        progress.report({ message: toSafeLine(run.state.message, 120), ...(increment > 0 ? { increment } : {}) });
      };
      const listener = runs.onDidChange(update);
      const done = (): void => {
        listener.dispose();
        resolve();
      };
      void run.ended.then(done);
      update();
    });
  });
}
