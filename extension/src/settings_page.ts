// Opens the settings where a person can edit them. In a window that is connected to another machine (always in
// code-server), settings with the scope "machine" are only on the page "Remote".

import * as vscode from 'vscode';
import type { Action } from './notify';

interface Configuration {
  contributes: { configuration: { properties: Record<string, { scope?: string }> } };
}

const EXTENSION = 'dind-executor.dind-executor';

function isMachineSetting(setting: string): boolean {
  const manifest = vscode.extensions.getExtension(EXTENSION)?.packageJSON as Configuration | undefined;
  return manifest?.contributes.configuration.properties[setting]?.scope === 'machine';
}

/** `setting`: "dind.engine.host". Without it, opens all settings of this extension. */
export async function openSettings(setting?: string): Promise<void> {
  const remote = setting !== undefined && isMachineSetting(setting) && vscode.env.remoteName !== undefined;
  await vscode.commands.executeCommand(
    remote ? 'workbench.action.openRemoteSettings' : 'workbench.action.openSettings',
    { query: setting ?? `@ext:${EXTENSION}` },
  );
}

export function settingsAction(setting?: string): Action {
  return { title: vscode.l10n.t('Open Settings'), run: () => void openSettings(setting) };
}
