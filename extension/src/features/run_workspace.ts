// The commands that run a whole folder.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { toFailure } from '../failure';
import { notify } from '../notify';
import { CHOOSE_PROGRAM, RUN_FILE, RUN_WORKSPACE, WORKSPACE_PROGRAMS } from '../methods';
import type { Choice } from '../protocol';
import { isIn } from '../runs';
import { execute } from '../server_commands';
import { workspaceAccess } from '../settings';
import { requireTrust } from '../trust';
import { askWhatToRun, folderName } from './workspace_choice';

export function activate(context: Context): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand(RUN_WORKSPACE, (argument?: unknown) => chooseAndRun(context, argument, false)),
    vscode.commands.registerCommand('dind.chooseWorkspaceProgram', (argument?: unknown) => chooseAndRun(context, argument, true)),
  );
}

/** `alwaysAsk`: even if there is an earlier choice, or only one program. */
async function chooseAndRun(context: Context, argument: unknown, alwaysAsk: boolean): Promise<void> {
  if (!requireTrust()) return;
  const folder = await folderOf(argument);
  if (!folder) return;
  const startedAt = Date.now();
  try {
    const choice = await chooseProgram(context, folder, alwaysAsk);
    if (choice) await run(context, folder, choice);
  } catch (error) {
    context.messages.runFailed(toFailure(error), startedAt, () => void chooseAndRun(context, folder, alwaysAsk));
  }
}

/** Undefined: nothing of the folder is to run. */
async function chooseProgram(context: Context, folder: vscode.Uri, alwaysAsk: boolean): Promise<Choice | undefined> {
  const found = await execute(await context.server.ready(), WORKSPACE_PROGRAMS, { uri: folder.toString() });
  const [only, ...others] = found.programs.filter(({ extra }) => !extra);
  const known = found.chosen ?? (only && others.length === 0 ? { program: only.id } : undefined);
  if (known && !alwaysAsk) return known;
  const active = vscode.window.activeTextEditor?.document.uri;
  const file = active && isIn(active, folder) && context.runnable.has(active) ? active : undefined;
  const answer = await askWhatToRun(folder, found, file);
  if (answer === 'file') void vscode.commands.executeCommand(RUN_FILE, file);
  if (answer === undefined || answer === 'file') return undefined;
  const choice = answer === 'forget' ? undefined : answer;
  await saveChoice(context, folder, choice);
  return choice;
}

/** Saves the choice on the server, so that the command line and other windows have the same one. */
async function saveChoice({ server }: Context, folder: vscode.Uri, choice: Choice | undefined): Promise<void> {
  try {
    await execute(await server.ready(), CHOOSE_PROGRAM, { uri: folder.toString(), ...choice });
  } catch (error) {
    void notify('warning', toFailure(error).message);
  }
}

async function run(context: Context, folder: vscode.Uri, choice: Choice): Promise<void> {
  const { runs, output, messages } = context;
  const startedAt = Date.now();
  const again = (): void => void run(context, folder, choice);
  if (!requireTrust() || !(await saveFilesIn(folder))) return;
  runs.again = again;
  output.show();
  const access = workspaceAccess(folder);
  const fields = { ...choice, ...(access && { workspace: access }) };
  const outcome = await runs.start(folder, { command: RUN_WORKSPACE, fields });
  if ('failure' in outcome) messages.runFailed(outcome.failure, startedAt, again);
}

/** The Uri from the explorer. From the palette and the key: the open folder, or one of several that the person picks. */
async function folderOf(argument: unknown): Promise<vscode.Uri | undefined> {
  if (argument instanceof vscode.Uri) return argument;
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length > 1) {
    const picked = await vscode.window.showWorkspaceFolderPick({ placeHolder: vscode.l10n.t('Which folder do you want to run?') });
    return picked?.uri;
  }
  if (!folders[0]) void notify('error', vscode.l10n.t('Open a folder to run it in a sandbox.'));
  return folders[0]?.uri;
}

/** A folder runs as it is on the disk, so unsaved files are saved first. False: a file could not be saved. */
async function saveFilesIn(folder: vscode.Uri): Promise<boolean> {
  const dirty = vscode.workspace.textDocuments.filter(({ isDirty, uri }) => isDirty && isIn(uri, folder));
  const saved = await Promise.all(dirty.map((document) => document.save()));
  if (saved.every(Boolean)) return true;
  void notify('error', vscode.l10n.t('{0} does not run, because a file in it could not be saved.', folderName(folder)));
  return false;
}
