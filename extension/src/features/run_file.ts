// The commands that run a file: the one that the person means, an example, or the latest run again.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { notify } from '../notify';
import { RUN_FILE } from '../methods';
import { RecentDocument, targetOf } from '../target';
import { requireTrust } from '../trust';

const EXAMPLE = 'print("Hello from a sandbox")\n';

export function activate({ runs, output, messages }: Context): vscode.Disposable {
  const recent = new RecentDocument();

  async function runFile(argument?: unknown): Promise<void> {
    if (!requireTrust()) return;
    const target = targetOf(argument, recent.uri);
    if (!target) return notify('error', vscode.l10n.t('Open a file to run it in a sandbox.'));
    const { uri, ...fields } = target;
    const startedAt = Date.now();
    const again = (): void => void runFile(target);
    runs.again = again;
    output.show();
    const outcome = await runs.start(vscode.Uri.parse(uri, true), { command: RUN_FILE, fields });
    if ('failure' in outcome) messages.runFailed(outcome.failure, startedAt, again);
  }

  /** A first run for a person who has no file to run. */
  async function runExample(): Promise<void> {
    if (!requireTrust()) return;
    const document =
      vscode.workspace.textDocuments.find((each) => each.isUntitled && each.getText() === EXAMPLE) ??
      (await vscode.workspace.openTextDocument({ language: 'python', content: EXAMPLE }));
    await vscode.window.showTextDocument(document);
    await runFile({ uri: document.uri.toString() });
  }

  function runAgain(): void {
    if (runs.again) runs.again();
    else void notify('info', vscode.l10n.t('Nothing has run in this window yet.'));
  }

  return vscode.Disposable.from(
    recent,
    vscode.commands.registerCommand(RUN_FILE, runFile),
    vscode.commands.registerCommand('dind.tryIt', runExample),
    vscode.commands.registerCommand('dind.rerunLast', runAgain),
  );
}
