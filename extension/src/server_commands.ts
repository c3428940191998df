// The commands of the server, with the types of their arguments and results (`workspace/executeCommand`).

import type { CancellationToken } from 'vscode';
import { ExecuteCommandRequest, type LanguageClient } from 'vscode-languageclient/node';
import { CHOOSE_PROGRAM, RUN_FILE, RUN_WORKSPACE, STOP, WORKSPACE_PROGRAMS } from './methods';
import type {
  ChooseProgram,
  LspRunResult,
  RunFile,
  RunWorkspace,
  Stop,
  StopResult,
  WorkspacePrograms,
} from './protocol';

interface Commands {
  [RUN_FILE]: { argument: RunFile; result: LspRunResult };
  [RUN_WORKSPACE]: { argument: RunWorkspace; result: LspRunResult };
  [WORKSPACE_PROGRAMS]: { argument: { uri: string }; result: WorkspacePrograms };
  [CHOOSE_PROGRAM]: { argument: ChooseProgram; result: unknown };
  [STOP]: { argument: Stop; result: StopResult };
}

/** Sends the command and returns the server's result. Rejects with a ResponseError if the server refuses it. */
export function execute<Name extends keyof Commands>(
  client: LanguageClient,
  command: Name,
  argument: Commands[Name]['argument'],
  token?: CancellationToken,
): Promise<Commands[Name]['result']> {
  const params = { command, arguments: [argument] };
  return token
    ? client.sendRequest(ExecuteCommandRequest.type, params, token)
    : client.sendRequest(ExecuteCommandRequest.type, params);
}
