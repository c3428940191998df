// The commands that run a whole folder.

import * as vscode from 'vscode';
import { ExecuteCommandRequest, ResponseError } from 'vscode-languageclient/node';
import {
  CHOOSE_PROGRAM,
  RUN_WORKSPACE,
  WORKSPACE_PROGRAMS,
  type Choice,
  RUN_FILE,
  type ChooseProgram,
  type ErrorData,
  type WorkspacePrograms,
} from '../protocol';
import type { Messages } from '../messages';
import { notify } from '../notify';
import type { OutputChannel } from '../output';
import type { Runnable } from '../runnable';
import { isIn, type Failure, type Runs } from '../runs';
import { ServerUnavailable, type Server } from '../server';
import { workspaceAccess } from '../settings';
import { trusted } from '../trust';
import { ask, name } from './workspace_choice';

export function registerWorkspaceCommands(
  server: Server,
  runs: Runs,
  channel: OutputChannel,
  messages: Messages,
  runnable: Runnable,
): vscode.Disposable {
  async function command<Result>(command: string, argument: { uri: string }): Promise<Result> {
    const client = await server.ready();
    return client.sendRequest(ExecuteCommandRequest.type, { command, arguments: [argument] }) as Promise<Result>;
  }

  const programs = (folder: vscode.Uri): Promise<WorkspacePrograms> => command(WORKSPACE_PROGRAMS, { uri: folder.toString() });

  /** Saves the choice on the server, so that the command line and other windows have the same one. */
  async function remember(folder: vscode.Uri, choice: Choice | undefined): Promise<void> {
    try {
      await command(CHOOSE_PROGRAM, { uri: folder.toString(), ...choice } satisfies ChooseProgram);
    } catch (error) {
      void notify('warning', failureOf(error).message);
    }
  }

  async function run(folder: vscode.Uri, choice: Choice): Promise<void> {
    const again = (): void => void run(folder, choice);
    if (!trusted() || !(await saved(folder))) return;
    runs.again = again;
    channel.show();
    const access = workspaceAccess(folder);
    const ended = await runs.start(folder, { command: RUN_WORKSPACE, more: { ...choice, ...(access && { workspace: access }) } });
    if ('failure' in ended) messages.failed(ended.failure, again);
  }

  /** `anew`: asks even if there is an earlier choice, or only one program. */
  async function chooseAndRun(argument: unknown, anew: boolean): Promise<void> {
    if (!trusted()) return;
    const folder = await folderOf(argument);
    if (!folder) return;
    let found: WorkspacePrograms;
    try {
      found = await programs(folder);
    } catch (error) {
      return messages.failed(failureOf(error), () => void chooseAndRun(folder, anew));
    }
    const [only, ...others] = found.programs.filter(({ extra }) => !extra);
    const known = found.chosen ?? (only && others.length === 0 ? { program: only.id } : undefined);
    if (known && !anew) return run(folder, known);
    const front = vscode.window.activeTextEditor?.document.uri;
    const file = front && isIn(front, folder) && runnable.has(front) ? front : undefined;
    const choice = await ask(folder, found, file);
    if (choice === undefined) return;
    if (choice === 'file') return void vscode.commands.executeCommand(RUN_FILE, file);
    await remember(folder, choice === 'forget' ? undefined : choice);
    if (choice !== 'forget') await run(folder, choice);
  }

  return vscode.Disposable.from(
    vscode.commands.registerCommand(RUN_WORKSPACE, (argument?: unknown) => chooseAndRun(argument, false)),
    vscode.commands.registerCommand('dind.chooseWorkspaceProgram', (argument?: unknown) => chooseAndRun(argument, true)),
  );
}

/**
 * The Uri from the explorer. From the palette and the key: the open folder, or one of several that the person picks.
 */
async function folderOf(argument: unknown): Promise<vscode.Uri | undefined> {
  if (argument instanceof vscode.Uri) return argument;
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length > 1) {
    const picked = await vscode.window.showWorkspaceFolderPick({ placeHolder: vscode.l10n.t('Which folder is to be run?') });
    return picked?.uri;
  }
  if (!folders[0]) void notify('error', vscode.l10n.t('Open a folder to run it in a sandbox.'));
  return folders[0]?.uri;
}

/** A folder runs as it is on the disk, so unsaved files are saved first. False: a file could not be saved. */
async function saved(folder: vscode.Uri): Promise<boolean> {
  const dirty = vscode.workspace.textDocuments.filter(({ isDirty, uri }) => isDirty && isIn(uri, folder));
  const done = await Promise.all(dirty.map((document) => document.save()));
  if (done.every(Boolean)) return true;
  void notify('error', vscode.l10n.t('{0} is not run: a file in it could not be saved.', name(folder)));
  return false;
}

function failureOf(error: unknown): Failure {
  if (error instanceof ServerUnavailable) return { kind: 'server', message: error.message };
  const data = error instanceof ResponseError ? (error.data as Partial<ErrorData> | undefined) : undefined;
  if (data?.kind && data.message) return { kind: data.kind, message: data.message };
  return { kind: 'internal', message: error instanceof Error ? error.message : String(error) };
}
