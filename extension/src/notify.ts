// The only way to show a notification. Whatever the text contains, only the buttons are links.

import * as vscode from 'vscode';
import { toSafeLine } from './text/safe_line';

export interface Action {
  title: string;
  run: () => void;
}

export type Severity = 'error' | 'warning' | 'info';

const MAX_CHARACTERS = 600;

/** Shows the message. If a button is pressed, runs its action. */
export async function notify(severity: Severity, message: string, actions: Action[] = []): Promise<void> {
  const show = {
    error: vscode.window.showErrorMessage,
    warning: vscode.window.showWarningMessage,
    info: vscode.window.showInformationMessage,
  }[severity];
  const chosen = await show(toSafeLine(message, MAX_CHARACTERS), ...actions.map(({ title }) => title));
  actions.find(({ title }) => title === chosen)?.run();
}
