// The settings `dind.*`, as the server takes them. Only what somebody has set is sent: the server's own defaults, and
// its operator's, hold for the rest.

import * as vscode from 'vscode';
import type { Options, RunFile, WorkspaceAccess } from './protocol';

const SECTION = 'dind';

function explicit<T>(inspected: ReturnType<vscode.WorkspaceConfiguration['inspect']>): T | undefined {
  return (inspected?.workspaceValue ?? inspected?.globalValue) as T | undefined;
}

function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** What holds for every run of this window. */
export function options(): Options {
  const section = vscode.workspace.getConfiguration(SECTION);
  const of = <K extends keyof Options>(key: K): Options[K] | undefined => explicit(section.inspect(key));
  return defined<Options>({
    timeout: of('timeout'),
    memory: of('memory'),
    cpus: of('cpus'),
    pids: of('pids'),
    network: of('network'),
    pull: of('pull'),
    isolation: of('isolation'),
    images: of('images'),
    prestart: of('prestart'),
  });
}

/** What the folder of this file sets differently. */
export function folderOptions(uri: vscode.Uri): Partial<RunFile> {
  const section = vscode.workspace.getConfiguration(SECTION, uri);
  const of = <K extends keyof Options>(key: K): Options[K] | undefined =>
    section.inspect(key)?.workspaceFolderValue as Options[K] | undefined;
  return defined<Partial<RunFile>>({
    timeout: of('timeout'),
    memory: of('memory'),
    cpus: of('cpus'),
    pids: of('pids'),
    network: of('network'),
    pull: of('pull'),
    isolation: of('isolation'),
  });
}

/** What a run of this folder may do with it; undefined: the server's own choice. */
export function workspaceAccess(uri: vscode.Uri): WorkspaceAccess | undefined {
  const section = vscode.workspace.getConfiguration(SECTION, uri);
  const inspected = section.inspect<WorkspaceAccess>('workspace.access');
  return inspected?.workspaceFolderValue ?? inspected?.workspaceValue ?? inspected?.globalValue;
}

export function codeLensWanted(uri: vscode.Uri): boolean {
  return vscode.workspace.getConfiguration(SECTION, uri).get('codeLens', true);
}

export function prestartWanted(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get('prestart', true);
}

/** How the server is started: a change needs a new one. */
export interface ServerSettings {
  path: string;
  engineHost: string;
}

export function serverSettings(): ServerSettings {
  const section = vscode.workspace.getConfiguration(SECTION);
  return { path: section.get('serverPath', '').trim(), engineHost: section.get('engine.host', '').trim() };
}

export function onDidChangeOptions(listener: () => void): vscode.Disposable {
  const keys = ['timeout', 'memory', 'cpus', 'pids', 'network', 'pull', 'isolation', 'images', 'prestart'].map((key) => `${SECTION}.${key}`);
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (keys.some((key) => event.affectsConfiguration(key))) listener();
  });
}

export function onDidChangeServerSettings(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`${SECTION}.serverPath`) || event.affectsConfiguration(`${SECTION}.engine.host`)) {
      listener();
    }
  });
}
