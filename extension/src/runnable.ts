// Tracks which documents can be run: the server decides, by the code lens that it gives them. Sets the context key for
// the run button and the key binding.

import * as vscode from 'vscode';
import { CodeLensRequest } from 'vscode-languageclient/node';
import { RUN_FILE } from './methods';
import type { Server } from './server';

const ASK_AFTER_MS = 300;

export function canBeRun(uri: vscode.Uri): boolean {
  return uri.scheme === 'file' || uri.scheme === 'untitled';
}

/** The values of the context key `resourcePath` for this document, in a window on this machine or on another one. */
export function resourcePaths(uri: vscode.Uri): string[] {
  return [uri.fsPath, uri.path];
}

export class Runnable implements vscode.Disposable {
  private readonly server: Server;
  private readonly known = new Map<string, boolean>();
  private readonly changeEmitter = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changeEmitter.event;
  private readonly disposables: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;

  constructor(server: Server) {
    this.server = server;
    this.disposables = [
      this.changeEmitter,
      server.onDidStart(() => this.askAgain()),
      vscode.window.onDidChangeVisibleTextEditors(() => void this.ask()),
      vscode.workspace.onDidOpenTextDocument((document) => this.forget(document)), // also if its language changes
      vscode.workspace.onDidCloseTextDocument((document) => this.known.delete(document.uri.toString())),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.some(({ range }) => range.start.line === 0)) this.forget(document);
      }),
    ];
  }

  /** Whether the server knows how to run this document, as far as it has been asked. */
  has(uri: vscode.Uri): boolean {
    return this.known.get(uri.toString()) ?? false;
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private forget(document: vscode.TextDocument): void {
    if (!canBeRun(document.uri)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.askAgain(), ASK_AFTER_MS);
  }

  private askAgain(): void {
    const visible = new Set(vscode.window.visibleTextEditors.map(({ document }) => document.uri.toString()));
    for (const uri of this.known.keys()) if (!visible.has(uri)) this.known.delete(uri);
    void this.ask(true);
  }

  private async ask(again = false): Promise<void> {
    const client = this.server.running;
    if (!client) return;
    const documents = vscode.window.visibleTextEditors
      .map(({ document }) => document)
      .filter(({ uri }) => canBeRun(uri) && (again || !this.known.has(uri.toString())));
    await Promise.all(
      documents.map(async ({ uri }) => {
        try {
          const lenses = await client.sendRequest(CodeLensRequest.type, { textDocument: { uri: uri.toString() } });
          this.known.set(uri.toString(), lenses?.some(({ command }) => command?.command === RUN_FILE) ?? false);
        } catch (error) {
          this.server.log.appendLine(`textDocument/codeLens ${uri.toString()}: ${String(error)}`);
        }
      }),
    );
    const paths = [...this.known].filter(([, can]) => can).flatMap(([uri]) => resourcePaths(vscode.Uri.parse(uri)));
    await vscode.commands.executeCommand('setContext', 'dind.runnablePaths', paths);
    this.changeEmitter.fire();
  }
}
