// What is to run of a folder: asked where there is a choice, and remembered for it in this workspace.

import * as vscode from 'vscode';
import type { WorkspaceProgram, WorkspacePrograms } from './protocol';

export type Choice = { program: string } | { command: string };

type Item = vscode.QuickPickItem & { take?: () => Promise<Choice | 'forget' | undefined> };

export class WorkspaceChoices {
  private readonly memory: vscode.Memento;

  constructor(memory: vscode.Memento) {
    this.memory = memory;
  }

  /** The one that was made before, as long as the folder still has it. */
  remembered(folder: vscode.Uri, { programs }: WorkspacePrograms): Choice | undefined {
    const choice = this.memory.get<Choice>(key(folder));
    if (choice && 'program' in choice && !programs.some(({ id }) => id === choice.program)) return undefined;
    return choice;
  }

  /** Asks, and remembers the answer. Undefined: none was given, or the one before is to be forgotten. */
  async ask(folder: vscode.Uri, found: WorkspacePrograms): Promise<Choice | undefined> {
    const before = this.remembered(folder, found);
    const picked = await vscode.window.showQuickPick(items(found, before), {
      title: vscode.l10n.t('Run {0} in a sandbox', name(folder)),
      placeHolder: [
        found.programs.length === 0 ? vscode.l10n.t('Nothing in the folder says what to run: type a command') : vscode.l10n.t('What is to run? The answer is remembered for this folder.'),
        ...found.notes,
      ].join(' · '),
      matchOnDescription: true,
      ignoreFocusOut: true,
    });
    const choice = await picked?.take?.();
    if (choice === undefined) return undefined;
    await this.memory.update(key(folder), choice === 'forget' ? undefined : choice);
    return choice === 'forget' ? undefined : choice;
  }
}

function key(folder: vscode.Uri): string {
  return `workspaceProgram:${folder.toString()}`;
}

export function name(folder: vscode.Uri): string {
  return folder.path.split('/').pop() || folder.path;
}

function items({ programs }: WorkspacePrograms, before: Choice | undefined): Item[] {
  const all: Item[] = programs.map((program) => ({
    label: program.label,
    description: [
      program.source,
      ...(before && 'program' in before && before.program === program.id ? [vscode.l10n.t('chosen before')] : []),
    ].join(' · '),
    ...optional('detail', detail(program)),
    take: async () => ({ program: program.id }),
  }));
  const command = before && 'command' in before ? before.command : undefined;
  all.push({
    label: vscode.l10n.t('Type a command…'),
    ...optional('description', command),
    take: () => typed(command),
  });
  if (before) {
    all.push({ label: '', kind: vscode.QuickPickItemKind.Separator });
    all.push({ label: vscode.l10n.t('Forget the choice'), take: async () => 'forget' });
  }
  return all;
}

function optional<K extends string>(field: K, value: string | undefined): { [F in K]?: string } {
  return (value === undefined ? {} : { [field]: value }) as { [F in K]?: string };
}

function detail({ detail, notes }: WorkspaceProgram): string | undefined {
  const parts = [...(detail === '' ? [] : [detail]), ...notes];
  return parts.length > 0 ? parts.join(' · ') : undefined;
}

async function typed(before: string | undefined): Promise<Choice | undefined> {
  const command = await vscode.window.showInputBox({
    prompt: vscode.l10n.t('A command for the shell, in the folder'),
    placeHolder: 'npm test',
    ...optional('value', before),
    ignoreFocusOut: true,
  });
  return command?.trim() ? { command: command.trim() } : undefined;
}
