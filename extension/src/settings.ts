// The settings `dind.*` in the form of the server. Only set values are sent; for the rest, the defaults of the server
// and its operator hold. A workspace's value counts only if it is stricter than the person's.

import * as vscode from 'vscode';
import type { Options, RunFile, WorkspaceAccess } from './protocol';
import { isValue, RUN_SETTINGS, tighten, type RunSetting, type RunSettings } from './tighten';

const SECTION = 'dind';

function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** The person's own value. A workspace cannot set these settings, whatever its files say. */
function own<T>(key: string): T | undefined {
  return vscode.workspace.getConfiguration(SECTION).inspect<T>(key)?.globalValue;
}

function runSettings(uri?: vscode.Uri): RunSettings {
  const section = vscode.workspace.getConfiguration(SECTION, uri);
  return defined(Object.fromEntries(RUN_SETTINGS.map((key) => [key, tighten(key, section.inspect(key) ?? {}).value])) as RunSettings);
}

/** The options for every run of this window. */
export function options(): Options {
  const { 'workspace.access': _, ...settings } = runSettings();
  return defined<Options>({ ...settings, images: own<Record<string, string>>('images'), record: own<boolean>('record') });
}

/**
 * The options for a run of this file or folder. The server has reported a wrong value once; it must not fail each run.
 */
export function runOptions(uri: vscode.Uri): Partial<RunFile> {
  const { 'workspace.access': _access, warmPool: _warmPool, ...settings } = runSettings(uri);
  return Object.fromEntries(Object.entries(settings).filter(([key, value]) => isValue(key as RunSetting, value))) as Partial<RunFile>;
}

/** What a run of this folder may do with the folder. Undefined: the server decides. */
export function workspaceAccess(uri: vscode.Uri): WorkspaceAccess | undefined {
  const access = runSettings(uri)['workspace.access'];
  return isValue('workspace.access', access) ? access : undefined;
}

export interface IgnoredSetting {
  /** With `dind.` at the start. */
  name: string;
  value: unknown;
}

/** The settings of this file's workspace that are not used, because they would loosen the sandbox. */
export function ignoredSettings(uri: vscode.Uri): IgnoredSetting[] {
  const section = vscode.workspace.getConfiguration(SECTION, uri);
  return RUN_SETTINGS.flatMap((key: RunSetting) =>
    tighten(key, section.inspect(key) ?? {}).ignored.map((value) => ({ name: `${SECTION}.${key}`, value })),
  );
}

export function codeLensEnabled(uri: vscode.Uri): boolean {
  return vscode.workspace.getConfiguration(SECTION, uri).get('codeLens', true);
}

export function warmPoolEnabled(): boolean {
  return runSettings().warmPool ?? true;
}

/** The settings with which the server is started. After a change, it must be restarted. */
export interface ServerSettings {
  path: string;
  engineHost: string;
  caBundle: string;
}

export function serverSettings(): ServerSettings {
  const text = (key: string): string => String(own(key) ?? '').trim();
  return { path: text('serverPath'), engineHost: text('engine.host'), caBundle: text('caBundle') };
}

export function onDidChangeOptions(listener: () => void): vscode.Disposable {
  const keys = [...RUN_SETTINGS, 'images', 'record'].map((key) => `${SECTION}.${key}`);
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (keys.some((key) => event.affectsConfiguration(key))) listener();
  });
}

export function onDidChangeServerSettings(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (['serverPath', 'engine.host', 'caBundle'].some((key) => event.affectsConfiguration(`${SECTION}.${key}`))) listener();
  });
}
