// The server's program: which one it is, how it is called, and why it does not start.

import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import * as vscode from 'vscode';
import { serverSettings } from './settings';
import { toSafeLine } from './text/safe_line';

const START_ERROR_TIMEOUT_MS = 5_000;
const EXIT_CANNOT_RUN = 125; // also if a setting is wrong

/** For `lsp` and `doctor`: what their messages call the option --host. */
export const HOST_OPTION = ['--host-option', 'the setting dind.engine.host'];

/** There is no server. The message says why and what to do. */
export class ServerUnavailable extends Error {}

export interface Program {
  command: string;
  /** Set by the setting dind.serverPath. */
  chosen: boolean;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/** The program, and what each of its commands gets: the engine and the certificates that the person has set. */
export function serverProgram(extension: vscode.Uri): Program {
  const { path, engineHost, caBundle } = serverSettings();
  return {
    command: path || vscode.Uri.joinPath(extension, 'server', 'dind-executor').fsPath,
    chosen: path !== '',
    args: engineHost ? ['--host', engineHost] : [],
    env: caBundle ? { ...process.env, DIND_CA_BUNDLE: caBundle } : process.env,
  };
}

/** Throws ServerUnavailable if the program cannot be executed. */
export async function requireExecutable({ command, chosen }: Program): Promise<void> {
  try {
    await access(command, constants.X_OK);
  } catch {
    throw new ServerUnavailable(
      chosen
        ? vscode.l10n.t('The sandbox server at {0} cannot be executed. Correct the setting dind.serverPath.', command)
        : vscode.l10n.t(
            'The sandbox server {0} is missing: this package of the extension is not for this machine. Install the one for its platform, or name a server in the setting dind.serverPath.',
            command,
          ),
    );
  }
}

/**
 * Starts the program again, and returns its message if it ends at once because a setting is wrong. Undefined: it does
 * not end, or says nothing.
 */
export function startError({ command, env }: Program, args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { env, timeout: START_ERROR_TIMEOUT_MS }, (error, _stdout, stderr) => {
      const message = stderr.trim().split('\n').at(-1)?.replace(/^dind-executor: /, '') ?? '';
      resolve(error !== null && error.code === EXIT_CANNOT_RUN && message !== '' ? toSafeLine(message) : undefined);
    });
    child.stdin?.end();
  });
}
