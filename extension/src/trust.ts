// Workspace Trust: in Restricted Mode the editor still shows the lens and the buttons, so the commands ask here.

import * as vscode from 'vscode';
import { notify } from './notify';

/** Whether files of this window may be run. If not, one message says why and leads to the remedy. */
export function requireTrust(): boolean {
  if (vscode.workspace.isTrusted) return true;
  void notify(
    'warning',
    vscode.l10n.t('Files of this folder do not run in Restricted Mode. Trust the folder to run them in a sandbox.'),
    [
      {
        title: vscode.l10n.t('Manage Workspace Trust'),
        run: () => void vscode.commands.executeCommand('workbench.trust.manage'),
      },
    ],
  );
  return false;
}
