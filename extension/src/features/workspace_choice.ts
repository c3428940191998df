// Asks what to run in a folder.

import * as vscode from 'vscode';
import type { Choice, WorkspaceProgram, WorkspacePrograms } from '../protocol';
import { toSafeLine } from '../text/safe_line';

/** `forget`: forget the earlier choice. `file`: run the active file, only this time. Undefined: no answer. */
export type Answer = Choice | 'forget' | 'file' | undefined;
type Item = vscode.QuickPickItem & { take?: () => Promise<Answer> };

/** `file`: the active file, if it is in the folder and can be run. */
export async function askWhatToRun(folder: vscode.Uri, found: WorkspacePrograms, file: vscode.Uri | undefined): Promise<Answer> {
  const picked = await vscode.window.showQuickPick(items(found, file), {
    title: vscode.l10n.t('Run {0} in a sandbox', folderName(folder)),
    placeHolder: [
      found.programs.length === 0 ? vscode.l10n.t('Nothing in the folder says what to run. Type a command.') : vscode.l10n.t('Choose what to run. The choice is saved for this folder.'),
      ...found.notes.map((note) => toSafeLine(note)),
    ].join(' · '),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return picked?.take?.();
}

export function folderName(folder: vscode.Uri): string {
  return toSafeLine(folder.path.split('/').pop() || folder.path);
}

function items({ programs, chosen }: WorkspacePrograms, file: vscode.Uri | undefined): Item[] {
  const all: Item[] = programs.map((program) => ({
    label: toSafeLine(program.label),
    description: [
      toSafeLine(program.source),
      ...(chosen && 'program' in chosen && chosen.program === program.id ? [vscode.l10n.t('chosen before')] : []),
    ].join(' · '),
    ...optional('detail', detail(program)),
    take: async () => ({ program: program.id }),
  }));
  const command = chosen && 'command' in chosen ? chosen.command : undefined;
  if (command !== undefined) {
    all.push({ label: toSafeLine(command), description: vscode.l10n.t('chosen before'), take: async () => ({ command }) });
  }
  if (file) all.push({ label: folderName(file), description: vscode.l10n.t('only the active file'), take: async () => 'file' });
  all.push({ label: vscode.l10n.t('Type a command…'), take: () => askForCommand(command) });
  if (chosen) {
    all.push({ label: '', kind: vscode.QuickPickItemKind.Separator });
    all.push({ label: vscode.l10n.t('Forget the choice'), take: async () => 'forget' });
  }
  return all;
}

function optional<K extends string>(field: K, value: string | undefined): { [F in K]?: string } {
  return (value === undefined ? {} : { [field]: value }) as { [F in K]?: string };
}

function detail({ detail, notes }: WorkspaceProgram): string | undefined {
  const parts = [...(detail === '' ? [] : [detail]), ...notes].map((part) => toSafeLine(part));
  return parts.length > 0 ? parts.join(' · ') : undefined;
}

async function askForCommand(before: string | undefined): Promise<Choice | undefined> {
  const command = await vscode.window.showInputBox({
    prompt: vscode.l10n.t('A command for the shell, in the folder'),
    placeHolder: 'npm test',
    ...optional('value', before),
    ignoreFocusOut: true,
  });
  return command?.trim() ? { command: command.trim() } : undefined;
}
