// The one way to a notification. Whatever text it is given, nothing in it is a link but the buttons.

import * as vscode from 'vscode';
import { shown } from './shown';

export interface Action {
  title: string;
  run: () => void;
}

export type Severity = 'error' | 'warning' | 'info';

const MAX_CHARACTERS = 600;

/** Shows it and, when a button is pressed, does what that one says. */
export async function notify(severity: Severity, message: string, actions: Action[] = []): Promise<void> {
  const show = {
    error: vscode.window.showErrorMessage,
    warning: vscode.window.showWarningMessage,
    info: vscode.window.showInformationMessage,
  }[severity];
  const chosen = await show(shown(message, MAX_CHARACTERS), ...actions.map(({ title }) => title));
  actions.find(({ title }) => title === chosen)?.run();
}
