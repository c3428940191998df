// The lines "Run in sandbox" and "Stop" above a document, in the display language.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { RUN_FILE, STOP } from '../methods';
import { isIn } from '../runs';
import { codeLensEnabled } from '../settings';
import { toSafeLine } from '../text/safe_line';

export function activate({ server, runs }: Context): vscode.Disposable {
  server.middleware.provideCodeLenses = async (document, token, next) => {
    if (!codeLensEnabled(document.uri)) return [];
    const lenses = (await next(document, token)) ?? [];
    for (const { command } of lenses) {
      if (command?.command === RUN_FILE) command.title = `$(play) ${vscode.l10n.t('Run in sandbox')}`;
      if (command?.command === STOP) command.title = `$(debug-stop) ${vscode.l10n.t('Stop')}`;
    }
    // The server knows only the run of the file itself.
    const folder = runs.all.find((run) => isIn(document.uri, run.uri));
    if (folder) {
      const title = `$(debug-stop) ${vscode.l10n.t('Stop {0}', toSafeLine(folder.name, 40))}`;
      const command = { title, command: STOP, arguments: [{ uri: folder.uri.toString() }] };
      lenses.push(new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), command));
    }
    return lenses;
  };
  return new vscode.Disposable(() => delete server.middleware.provideCodeLenses);
}
