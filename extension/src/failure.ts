// Why something that the person started could not be done.

import { ResponseError } from 'vscode-languageclient/node';
import type { ErrorData, ErrorKind } from './protocol';
import { ServerUnavailable } from './server_program';

/** `server`: there is no server, or the connection to it was lost. The other kinds come from the server. */
export type Failure = { kind: ErrorKind | 'server'; message: string };

/** The server's own description of the error, if it is one. */
export function errorData(error: unknown): { kind: ErrorKind; message: string } | undefined {
  const data = error instanceof ResponseError ? (error.data as Partial<ErrorData> | undefined) : undefined;
  return data?.kind && data.message ? { kind: data.kind, message: data.message } : undefined;
}

export function toFailure(error: unknown): Failure {
  if (error instanceof ServerUnavailable) return { kind: 'server', message: error.message };
  return errorData(error) ?? { kind: 'internal', message: error instanceof Error ? error.message : String(error) };
}
