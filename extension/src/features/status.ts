// The only status item: idle, running (with the elapsed time), engine unreachable. A click opens its menu.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { stageText } from '../footer';
import type { EngineStatus } from '../protocol';
import { canBeRun, type Runnable } from '../runnable';
import type { Run, Runs } from '../runs';
import { toSafeLine } from '../text/safe_line';
import { clock } from '../text/units';
import { showMenu } from './menu';

export function activate(context: Context): vscode.Disposable {
  const status = new Status(context);
  const menu = vscode.commands.registerCommand('dind.showMenu', () => showMenu(context, status));
  return vscode.Disposable.from(status, menu);
}

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('dind.status', vscode.StatusBarAlignment.Left, 10);
  private readonly runs: Runs;
  private readonly runnable: Runnable;
  private readonly listeners: vscode.Disposable;
  private engine: EngineStatus | undefined;
  private ticking: NodeJS.Timeout | undefined;
  /** Why the server does not run. */
  serverProblem: string | undefined;
  /** One line about the state that the item shows. */
  summary = 'DinD Executor';

  constructor({ server, runs, runnable }: Context) {
    this.runs = runs;
    this.runnable = runnable;
    this.item.name = 'DinD Executor';
    this.item.command = 'dind.showMenu';
    this.listeners = vscode.Disposable.from(
      this.item,
      server.onEngine((engine) => {
        this.engine = engine;
        this.update();
      }),
      server.onDidStart(() => {
        this.serverProblem = undefined;
        this.update();
      }),
      server.onDidFail(({ message }) => {
        this.serverProblem = message;
        this.update();
      }),
      runs.onDidChange(() => this.update()),
      runnable.onDidChange(() => this.update()),
      vscode.window.onDidChangeActiveTextEditor(() => this.update()),
    );
  }

  /** Why the engine cannot be reached. Undefined: it can, or it was not asked yet. */
  get engineProblem(): string | undefined {
    return this.engine?.reachable === false ? this.engine.message : undefined;
  }

  dispose(): void {
    clearInterval(this.ticking);
    this.listeners.dispose();
  }

  private update(): void {
    const runs = this.runs.all;
    if (runs.length > 0) this.ticking ??= setInterval(() => this.showRunning(this.runs.all), 1_000);
    else {
      clearInterval(this.ticking);
      this.ticking = undefined;
    }
    const problem = this.serverProblem ?? this.engineProblem;
    if (runs.length > 0) this.showRunning(runs);
    else if (problem !== undefined) this.showProblem(problem);
    else this.showIdle();
    const editors = vscode.window.visibleTextEditors.filter(({ document }) => canBeRun(document.uri));
    const wanted = runs.length > 0 || problem !== undefined || editors.some(({ document }) => this.runnable.has(document.uri));
    if (wanted) this.item.show();
    else this.item.hide();
  }

  private showRunning(runs: Run[]): void {
    const first = runs[0];
    if (!first) return;
    const what = runs.length === 1 ? toSafeLine(first.name, 40) : vscode.l10n.t('{0} runs', runs.length);
    const time = first.startedAt === undefined ? phaseText(first) : clock(Date.now() - first.startedAt);
    this.summary =
      runs.length === 1
        ? vscode.l10n.t('DinD Executor: {0} is running', toSafeLine(first.name, 40))
        : vscode.l10n.t('DinD Executor: {0} runs are running', runs.length);
    this.item.text = `$(loading~spin) ${what} ${time}`;
    this.item.backgroundColor = undefined;
    const tooltip = new vscode.MarkdownString()
      .appendText(runs.map(({ name }) => toSafeLine(name, 80)).join(', '))
      .appendMarkdown(`\n\n[${vscode.l10n.t('Stop')}](command:dind.stop) · [${vscode.l10n.t('Show Output')}](command:dind.showOutput)`);
    tooltip.isTrusted = { enabledCommands: ['dind.stop', 'dind.showOutput'] };
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: this.summary, role: 'button' };
  }

  private showProblem(message: string): void {
    const server = this.serverProblem !== undefined;
    this.summary = toSafeLine(message);
    this.item.text = server ? `$(warning) ${vscode.l10n.t('DinD: no server')}` : `$(warning) ${vscode.l10n.t('DinD: engine unreachable')}`;
    this.item.backgroundColor = new vscode.ThemeColor('statusBarItem.warningBackground');
    this.item.tooltip = this.summary;
    this.item.accessibilityInformation = { label: this.summary, role: 'button' };
  }

  private showIdle(): void {
    this.item.text = '$(package) DinD';
    this.item.backgroundColor = undefined;
    const engine = this.engine;
    this.summary = vscode.l10n.t('DinD Executor: nothing is running');
    const lines = ['DinD Executor'];
    if (engine) {
      const address = toSafeLine(engine.address, 120);
      lines.push(
        engine.version
          ? vscode.l10n.t('Docker {0} at {1}', toSafeLine(engine.version, 40), address)
          : vscode.l10n.t('Docker engine at {0}', address),
      );
    }
    this.item.tooltip = lines.join('\n');
    this.item.accessibilityInformation = { label: this.summary, role: 'button' };
  }
}

function phaseText({ state }: Run): string {
  if (state?.state === 'queued') return vscode.l10n.t('waiting ({0})', state.position);
  const stage = state?.state === 'preparing' ? stageText(state.stage) : undefined;
  return stage ?? vscode.l10n.t('starting');
}
