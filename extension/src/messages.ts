// Messages for people: one at a time for each cause, with the remedy as a button.

import * as vscode from 'vscode';
import type { Failure } from './failure';
import { notify, type Action, type Severity } from './notify';
import { settingsAction } from './settings_page';

// A lost engine ends several runs at the same time, but there is only one message. A run that the person starts later has
// its own.
const SAME_CAUSE_WITHIN_MS = 3_000;

export interface Views {
  showOutput: () => void;
  showLog: () => void;
}

export class Messages {
  private readonly views: Views;
  private readonly shownAt = new Map<string, number>();

  constructor(views: Views) {
    this.views = views;
  }

  /** Says that something that the person started (at `startedAt`, Unix milliseconds) could not be done. */
  runFailed(failure: Failure, startedAt: number, retry: () => void): void {
    const shared = ['engine_unavailable', 'engine_error', 'server', 'busy', 'disabled'].includes(failure.kind);
    if (shared && !this.isNew(failure.kind, startedAt)) return;
    const details = failure.kind === 'server' || failure.kind === 'internal' ? this.logAction() : this.outputAction();
    void notify('error', failure.message, [...remedies(failure, retry), details]);
  }

  serverDown(message: string, restart: () => void): void {
    if (!this.isNew('server')) return;
    const again: Action = { title: vscode.l10n.t('Restart'), run: restart };
    void notify('error', message, [again, settingsAction(settingOf(message)), this.logAction()]);
  }

  /** Shows a message of the server that belongs to no request. */
  fromServer(message: string, severity: Severity): void {
    const [setting] = /\bdind\.[a-zA-Z.]*[a-zA-Z]/.exec(message) ?? [];
    const several = (message.match(/\bdind\.[a-zA-Z]/g)?.length ?? 0) > 1;
    const settings = setting === undefined ? [] : [settingsAction(several ? undefined : setting)];
    void notify(severity, message, [...settings, this.logAction()]);
  }

  private outputAction(): Action {
    return { title: vscode.l10n.t('Show Output'), run: this.views.showOutput };
  }

  private logAction(): Action {
    return { title: vscode.l10n.t('Show Log'), run: this.views.showLog };
  }

  private isNew(cause: string, startedAt = 0): boolean {
    const now = Date.now();
    const shownAt = this.shownAt.get(cause) ?? -Infinity;
    const isNew = startedAt > shownAt || now - shownAt > SAME_CAUSE_WITHIN_MS;
    if (isNew) this.shownAt.set(cause, now);
    return isNew;
  }
}

/** Finds the setting that keeps the server from starting, from the words of its message. */
function settingOf(message: string): string {
  if (message.includes('dind.engine.host')) return 'dind.engine.host';
  return /CA_BUNDLE|caBundle/.test(message) ? 'dind.caBundle' : 'dind.serverPath';
}

function remedies({ kind, message }: Failure, retry: () => void): Action[] {
  const again: Action = { title: vscode.l10n.t('Retry'), run: retry };
  switch (kind) {
    case 'engine_unavailable':
      return [again, settingsAction('dind.engine.host')];
    case 'image_unavailable':
      return [again, settingsAction('dind.images')];
    case 'server':
      return [again, settingsAction(settingOf(message))];
    case 'busy':
    case 'shutting_down':
    case 'engine_error':
    case 'internal':
      return [again];
    case 'invalid_request':
    case 'unsupported_language':
    case 'disabled':
    case 'cancelled':
    case 'not_found':
      return [];
  }
}
