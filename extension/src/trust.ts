// Workspace Trust: in Restricted Mode the editor still shows lens and buttons, so the commands ask here.

import * as vscode from 'vscode';

/** May files of this window be run? If not, one message says why and leads to the remedy. */
export function trusted(): boolean {
  if (vscode.workspace.isTrusted) return true;
  void explain();
  return false;
}

async function explain(): Promise<void> {
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('Files of this folder do not run in Restricted Mode. Trust the folder to run them in a sandbox.'),
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
}
