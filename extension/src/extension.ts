// Activates the features. Nothing here runs a file: only an action of the person does.

import type * as vscode from 'vscode';
import { Context } from './context';
import * as codeLens from './features/code_lens';
import * as firstSteps from './features/first_steps';
import * as ignoredSettings from './features/ignored_settings';
import * as progress from './features/progress';
import * as reports from './features/reports';
import * as runFile from './features/run_file';
import * as runWorkspace from './features/run_workspace';
import * as serverControl from './features/server_control';
import * as status from './features/status';
import * as stop from './features/stop';
import * as views from './features/views';
import * as warmUp from './features/warm_up';

const FEATURES = [
  runFile,
  runWorkspace,
  stop,
  views,
  codeLens,
  status,
  progress,
  reports,
  ignoredSettings,
  firstSteps,
  warmUp,
  serverControl,
];

let context: Context | undefined;

export function activate(extension: vscode.ExtensionContext): void {
  const shared = (context = new Context(extension));
  extension.subscriptions.push(...FEATURES.map((feature) => feature.activate(shared)), shared);
  shared.server.startInBackground();
}

/** Ends the live runs and the server. */
export async function deactivate(): Promise<void> {
  await context?.server.stop();
}
