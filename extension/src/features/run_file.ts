// The commands of the palette, the code lens, the key binding and the buttons.

import * as vscode from 'vscode';
import { RUN_FILE, STOP, type RunFile } from '../protocol';
import { notify } from '../notify';
import { canBeRun, resourcePaths } from '../runnable';
import type { Messages } from '../messages';
import type { OutputChannel } from '../output';
import { isIn, type Run, type Runs } from '../runs';
import { ServerUnavailable, type Server } from '../server';
import { toSafeLine } from '../text/safe_line';
import { trusted } from '../trust';

/** A code lens gives `{ uri }`, a button of the editor a Uri, the palette and the key nothing. */
type Target = { uri: string } & Partial<RunFile>;

const HELLO = 'print("Hello from a sandbox")\n';

export function registerCommands(
  server: Server,
  runs: Runs,
  channel: OutputChannel,
  messages: Messages,
): vscode.Disposable {
  const recent = new RecentDocument();

  async function runFile(argument?: unknown): Promise<void> {
    if (!trusted()) return;
    const target = targetOf(argument, recent.uri);
    if (!target) return notify('error', vscode.l10n.t('Open a file to run it in a sandbox.'));
    const { uri, ...more } = target;
    const file = vscode.Uri.parse(uri, true);
    const again = (): void => void runFile(target);
    runs.again = again;
    channel.show();
    const ended = await runs.start(file, { command: RUN_FILE, more });
    if ('failure' in ended) messages.failed(ended.failure, again);
  }

  /** A first run for a person who has no file to run. */
  async function tryIt(): Promise<void> {
    if (!trusted()) return;
    const isHello = (document: vscode.TextDocument): boolean => document.isUntitled && document.getText() === HELLO;
    const document =
      vscode.workspace.textDocuments.find(isHello) ??
      (await vscode.workspace.openTextDocument({ language: 'python', content: HELLO }));
    await vscode.window.showTextDocument(document);
    await runFile({ uri: document.uri.toString() });
  }

  async function stop(argument?: unknown): Promise<void> {
    const target = targetOf(argument, undefined);
    const run = target && runs.covering(vscode.Uri.parse(target.uri, true));
    const chosen = run ? [run] : await choose(runs.all);
    if (chosen.length === 0 && runs.all.length === 0) void notify('info', vscode.l10n.t('Nothing is running.'));
    await Promise.all(chosen.map((each) => runs.stop(each)));
  }

  function rerunLast(): void {
    if (runs.again) runs.again();
    else void notify('info', vscode.l10n.t('Nothing has run in this window yet.'));
  }

  async function restartServer(): Promise<void> {
    try {
      await server.restart();
    } catch (error) {
      if (!(error instanceof ServerUnavailable)) throw error;
      messages.serverDown(error.message, () => void restartServer());
    }
  }

  return vscode.Disposable.from(
    recent,
    vscode.commands.registerCommand(RUN_FILE, runFile),
    vscode.commands.registerCommand('dind.tryIt', tryIt),
    vscode.commands.registerCommand(STOP, stop),
    vscode.commands.registerCommand('dind.rerunLast', rerunLast),
    vscode.commands.registerCommand('dind.showOutput', () => channel.show()),
    vscode.commands.registerCommand('dind.showLog', () => server.log.show()),
    vscode.commands.registerCommand('dind.restartServer', restartServer),
    runs.onDidChange(() => void setContext(runs)),
    vscode.window.tabGroups.onDidChangeTabs(() => void setContext(runs)),
  );
}

function tabUris(): vscode.Uri[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri] : []));
}

/** The last active document of the person, while another tab (a walkthrough, the settings) covers it. */
class RecentDocument implements vscode.Disposable {
  private last: vscode.Uri | undefined;
  private readonly listener: vscode.Disposable;

  constructor() {
    const look = (editor: vscode.TextEditor | undefined): void => {
      if (editor && canBeRun(editor.document.uri)) this.last = editor.document.uri;
    };
    look(vscode.window.activeTextEditor);
    this.listener = vscode.window.onDidChangeActiveTextEditor(look);
  }

  get uri(): vscode.Uri | undefined {
    const open = tabUris().filter(canBeRun);
    return open.find((uri) => uri.toString() === this.last?.toString()) ?? (open.length === 1 ? open[0] : undefined);
  }

  dispose(): void {
    this.listener.dispose();
  }
}

function targetOf(argument: unknown, covered: vscode.Uri | undefined): Target | undefined {
  if (argument instanceof vscode.Uri) return { uri: argument.toString() };
  if (typeof argument === 'object' && argument !== null && 'uri' in argument && typeof argument.uri === 'string') {
    return argument as Target;
  }
  const editors = [vscode.window.activeTextEditor, ...vscode.window.visibleTextEditors];
  const uri = editors.find((editor) => editor && canBeRun(editor.document.uri))?.document.uri ?? covered;
  return uri && { uri: uri.toString() };
}

/** Asks which of the runs is meant, if the active file is not one of them. */
async function choose(runs: Run[]): Promise<Run[]> {
  if (runs.length <= 1) return runs;
  const items = [
    { label: vscode.l10n.t('All runs'), description: '', runs },
    ...runs.map((run) => ({ label: toSafeLine(run.name), description: toSafeLine(vscode.workspace.asRelativePath(run.uri)), runs: [run] })),
  ];
  const picked = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which run is to be stopped?') });
  return picked?.runs ?? [];
}

/** Sets the context keys for menus, also for the files in a folder that runs. */
async function setContext({ all }: Runs): Promise<void> {
  const covered = tabUris().filter((uri) => all.some((run) => isIn(uri, run.uri)));
  const paths = [...all.map(({ uri }) => uri), ...covered].flatMap(resourcePaths);
  await vscode.commands.executeCommand('setContext', 'dind.running', all.length > 0);
  await vscode.commands.executeCommand('setContext', 'dind.runningPaths', paths);
}
