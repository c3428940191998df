// Messages for people: one at a time for one cause, with the remedy as a button.

import * as vscode from 'vscode';
import type { Failure } from './runs';

interface Action {
  title: string;
  run: () => void;
}

// One lost engine ends several runs at once: that is one message.
const SAME_CAUSE_WITHIN_MS = 3_000;

export class Messages {
  private readonly showOutput: () => void;
  private readonly shownAt = new Map<string, number>();

  constructor(showOutput: () => void) {
    this.showOutput = showOutput;
  }

  /** What somebody started could not be done. */
  failed(failure: Failure, retry: () => void): void {
    const shared = ['engine_unavailable', 'engine_error', 'server', 'busy', 'disabled'].includes(failure.kind);
    if (shared && !this.isNew(failure.kind)) return;
    void this.show(failure.message, [...remedies(failure, retry), this.outputAction()]);
  }

  serverDown(message: string, restart: () => void): void {
    if (!this.isNew('server')) return;
    void this.show(message, [
      { title: vscode.l10n.t('Restart'), run: restart },
      openSettings('dind.serverPath'),
    ]);
  }

  /** A message of the server that belongs to no request. */
  fromServer(message: string, severity: 'error' | 'warning' | 'info'): void {
    void this.show(message, [this.outputAction()], severity);
  }

  private outputAction(): Action {
    return { title: vscode.l10n.t('Show Output'), run: this.showOutput };
  }

  private isNew(cause: string): boolean {
    const now = Date.now();
    const isNew = now - (this.shownAt.get(cause) ?? -Infinity) > SAME_CAUSE_WITHIN_MS;
    if (isNew) this.shownAt.set(cause, now);
    return isNew;
  }

  private async show(message: string, actions: Action[], severity: 'error' | 'warning' | 'info' = 'error'): Promise<void> {
    const show = {
      error: vscode.window.showErrorMessage,
      warning: vscode.window.showWarningMessage,
      info: vscode.window.showInformationMessage,
    }[severity];
    const chosen = await show(message, ...actions.map(({ title }) => title));
    actions.find(({ title }) => title === chosen)?.run();
  }
}

function remedies({ kind }: Failure, retry: () => void): Action[] {
  const again: Action = { title: vscode.l10n.t('Retry'), run: retry };
  switch (kind) {
    case 'engine_unavailable':
      return [again, openSettings('dind.engine.host')];
    case 'image_unavailable':
      return [again, openSettings('dind.images')];
    case 'server':
      return [again, openSettings('dind.serverPath')];
    case 'busy':
    case 'engine_error':
    case 'internal':
      return [again];
    case 'invalid_request':
    case 'unsupported_language':
    case 'disabled':
    case 'not_found':
      return [];
  }
}

function openSettings(query: string): Action {
  return {
    title: vscode.l10n.t('Open Settings'),
    run: () => void vscode.commands.executeCommand('workbench.action.openSettings', query),
  };
}
