// The commands that run a whole folder.

import * as vscode from 'vscode';
import { ExecuteCommandRequest, ResponseError } from 'vscode-languageclient/node';
import { RUN_WORKSPACE, WORKSPACE_PROGRAMS, type ErrorData, type WorkspacePrograms } from './protocol';
import type { Messages } from './messages';
import type { OutputChannel } from './output';
import type { Failure, Runs } from './runs';
import { ServerUnavailable, type Server } from './server';
import { workspaceAccess } from './settings';
import { trusted } from './trust';
import { WorkspaceChoices, name } from './workspace_choice';

export function registerWorkspaceCommands(
  server: Server,
  runs: Runs,
  channel: OutputChannel,
  messages: Messages,
  memory: vscode.Memento,
): vscode.Disposable {
  const choices = new WorkspaceChoices(memory);

  async function programs(folder: vscode.Uri): Promise<WorkspacePrograms> {
    const client = await server.ready();
    return client.sendRequest(ExecuteCommandRequest.type, {
      command: WORKSPACE_PROGRAMS,
      arguments: [{ uri: folder.toString() }],
    }) as Promise<WorkspacePrograms>;
  }

  async function runWorkspace(argument?: unknown): Promise<void> {
    if (!trusted()) return;
    const folder = await folderOf(argument);
    if (!folder) return;
    const again = (): void => void runWorkspace(folder);
    let found: WorkspacePrograms;
    try {
      found = await programs(folder);
    } catch (error) {
      return messages.failed(failureOf(error), again);
    }
    const [only, ...others] = found.programs;
    const choice =
      choices.remembered(folder, found) ??
      (only && others.length === 0 ? { program: only.id } : await choices.ask(folder, found));
    if (!choice || !(await saved(folder))) return;
    channel.show();
    const access = workspaceAccess(folder);
    const ended = await runs.start(folder, { command: RUN_WORKSPACE, more: { ...choice, ...(access && { workspace: access }) } });
    if ('failure' in ended) messages.failed(ended.failure, again);
  }

  async function chooseProgram(argument?: unknown): Promise<void> {
    if (!trusted()) return;
    const folder = await folderOf(argument);
    if (!folder) return;
    try {
      await choices.ask(folder, await programs(folder));
    } catch (error) {
      messages.failed(failureOf(error), () => void chooseProgram(folder));
    }
  }

  return vscode.Disposable.from(
    vscode.commands.registerCommand(RUN_WORKSPACE, runWorkspace),
    vscode.commands.registerCommand('dind.chooseWorkspaceProgram', chooseProgram),
  );
}

/** From the explorer a Uri; from palette and key the folder that is open, or one of them. */
async function folderOf(argument: unknown): Promise<vscode.Uri | undefined> {
  if (argument instanceof vscode.Uri) return argument;
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length > 1) {
    const picked = await vscode.window.showWorkspaceFolderPick({ placeHolder: vscode.l10n.t('Which folder is to be run?') });
    return picked?.uri;
  }
  if (!folders[0]) void vscode.window.showErrorMessage(vscode.l10n.t('Open a folder to run it in a sandbox.'));
  return folders[0]?.uri;
}

/** A folder runs as it is on the disk: what is typed in it is saved first. False: something could not be saved. */
async function saved(folder: vscode.Uri): Promise<boolean> {
  const inside = (uri: vscode.Uri): boolean => uri.scheme === folder.scheme && uri.path.startsWith(`${folder.path}/`);
  const dirty = vscode.workspace.textDocuments.filter(({ isDirty, uri }) => isDirty && inside(uri));
  const done = await Promise.all(dirty.map((document) => document.save()));
  if (done.every(Boolean)) return true;
  void vscode.window.showErrorMessage(vscode.l10n.t('{0} is not run: a file in it could not be saved.', name(folder)));
  return false;
}

function failureOf(error: unknown): Failure {
  if (error instanceof ServerUnavailable) return { kind: 'server', message: error.message };
  const data = error instanceof ResponseError ? (error.data as Partial<ErrorData> | undefined) : undefined;
  if (data?.kind && data.message) return { kind: data.kind, message: data.message };
  return { kind: 'internal', message: error instanceof Error ? error.message : String(error) };
}
