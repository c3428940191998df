// Tells the server which document is active, so that a warm sandbox is ready when the person runs it. This runs
// nothing of the document and pulls nothing for it.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { warmUpNotification } from '../methods';
import { canBeRun } from '../runnable';
import { warmPoolEnabled, runOptions } from '../settings';

export function activate({ server }: Context): vscode.Disposable {
  const warmUp = (): void => {
    const document = vscode.window.activeTextEditor?.document;
    if (!document || !canBeRun(document.uri) || !vscode.workspace.isTrusted || !warmPoolEnabled()) return;
    void server.running?.sendNotification(warmUpNotification, {
      uri: document.uri.toString(),
      ...runOptions(document.uri),
    });
  };
  return vscode.Disposable.from(
    server.onDidStart(warmUp),
    vscode.window.onDidChangeActiveTextEditor(warmUp),
    vscode.workspace.onDidGrantWorkspaceTrust(warmUp),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) warmUp();
    }),
  );
}
