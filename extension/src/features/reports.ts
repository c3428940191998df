// Shows the output of `dind-executor doctor` and `dind-executor history list` as documents of the editor.

import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import type { Context } from '../context';
import { notify } from '../notify';
import type { Server } from '../server';
import { HOST_OPTION } from '../server_program';

const SCHEME = 'dind-report';
const TIMEOUT_MS = 90_000;

interface Report {
  title: () => string;
  arguments: string[];
}

const REPORTS: Record<string, Report> = {
  'dind.doctor': { title: () => vscode.l10n.t('Sandbox check'), arguments: ['doctor', ...HOST_OPTION] },
  'dind.showHistory': { title: () => vscode.l10n.t('Sandbox history'), arguments: ['history', 'list'] },
};

export function activate({ server }: Context): vscode.Disposable {
  const texts = new Map<string, string>();
  const changed = new vscode.EventEmitter<vscode.Uri>();

  async function show(report: Report): Promise<void> {
    const title = report.title();
    const text = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title },
      () => readOutput(server, report.arguments),
    );
    if (text === undefined) return;
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title}` });
    texts.set(uri.toString(), text);
    changed.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  return vscode.Disposable.from(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => texts.get(uri.toString()) ?? '',
    }),
    ...Object.entries(REPORTS).map(([command, report]) => vscode.commands.registerCommand(command, () => show(report))),
  );
}

/** Returns the output, whatever the exit code. Undefined: the program did not start, and a message said so. */
function readOutput(server: Server, more: string[]): Promise<string | undefined> {
  const { command, args, env } = server.program();
  return new Promise((resolve) => {
    execFile(command, [...args, ...more], { env, timeout: TIMEOUT_MS, maxBuffer: 8 << 20 }, (error, stdout, stderr) => {
      const text = [stdout, stderr].filter((part) => part !== '').join('\n');
      if (text !== '' || !error) return resolve(text);
      void notify('error', vscode.l10n.t('{0} could not be started: {1}', command, error.message));
      resolve(undefined);
    });
  });
}
