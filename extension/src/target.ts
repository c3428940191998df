// Which document a command means: a code lens gives `{ uri }`, a button gives a Uri, the palette and a key give nothing.

import * as vscode from 'vscode';
import type { RunFile } from './protocol';
import { canBeRun } from './runnable';

export type Target = { uri: string } & Partial<RunFile>;

/** `covered`: the document to take if no editor is visible. */
export function targetOf(argument: unknown, covered?: vscode.Uri): Target | undefined {
  if (argument instanceof vscode.Uri) return { uri: argument.toString() };
  if (isTarget(argument)) return argument;
  const editors = [vscode.window.activeTextEditor, ...vscode.window.visibleTextEditors];
  const uri = editors.find((editor) => editor && canBeRun(editor.document.uri))?.document.uri ?? covered;
  return uri && { uri: uri.toString() };
}

function isTarget(argument: unknown): argument is Target {
  return typeof argument === 'object' && argument !== null && 'uri' in argument && typeof argument.uri === 'string';
}

/** The documents that have a tab. */
export function textTabs(): vscode.Uri[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri] : []));
}

/** The last active document, while another tab (a walkthrough, the settings) covers it. */
export class RecentDocument implements vscode.Disposable {
  private last: vscode.Uri | undefined;
  private readonly listener: vscode.Disposable;

  constructor() {
    const remember = (editor: vscode.TextEditor | undefined): void => {
      if (editor && canBeRun(editor.document.uri)) this.last = editor.document.uri;
    };
    remember(vscode.window.activeTextEditor);
    this.listener = vscode.window.onDidChangeActiveTextEditor(remember);
  }

  get uri(): vscode.Uri | undefined {
    const open = textTabs().filter(canBeRun);
    return open.find((uri) => uri.toString() === this.last?.toString()) ?? (open.length === 1 ? open[0] : undefined);
  }

  dispose(): void {
    this.listener.dispose();
  }
}
