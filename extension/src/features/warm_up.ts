// Tells the server which document is active, so that a warm sandbox is ready when the person runs it. This runs
// nothing of the document and pulls nothing for it.

import * as vscode from 'vscode';
import { canBeRun } from '../runnable';
import type { Server } from '../server';
import { expectNotification } from '../protocol';
import { prestartWanted, runOptions } from '../settings';

export function expectRuns(server: Server): vscode.Disposable {
  const expect = (): void => {
    const document = vscode.window.activeTextEditor?.document;
    if (!document || !canBeRun(document.uri) || !vscode.workspace.isTrusted || !prestartWanted()) return;
    void server.running?.sendNotification(expectNotification, {
      uri: document.uri.toString(),
      ...runOptions(document.uri),
    });
  };
  return vscode.Disposable.from(
    server.onDidStart(expect),
    vscode.window.onDidChangeActiveTextEditor(expect),
    vscode.workspace.onDidGrantWorkspaceTrust(expect),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) expect();
    }),
  );
}
