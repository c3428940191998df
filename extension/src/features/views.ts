// The commands that show the output, the log and the settings.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { openSettings } from '../settings_page';

export function activate({ output, server }: Context): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand('dind.showOutput', () => output.show()),
    vscode.commands.registerCommand('dind.showLog', () => server.log.show()),
    vscode.commands.registerCommand('dind.openSettings', (setting?: unknown) =>
      openSettings(typeof setting === 'string' ? setting : undefined),
    ),
  );
}
