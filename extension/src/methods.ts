// The names of the commands and notifications between this extension and `dind-executor lsp` (docs/protocol.md).

import { NotificationType } from 'vscode-languageclient/node';
import type { EngineStatus, LogLevel, OutputEvent, RunFile, RunNotification } from './protocol';

export const RUN_FILE = 'dind.runFile';
export const RUN_WORKSPACE = 'dind.runWorkspace';
export const WORKSPACE_PROGRAMS = 'dind.workspacePrograms';
export const CHOOSE_PROGRAM = 'dind.chooseProgram';
export const STOP = 'dind.stop';

export const REQUEST_CANCELLED = -32800;

/** A run like this may come soon. */
export const warmUpNotification = new NotificationType<RunFile>('dind/warmUp');
/** Sent to the server. */
export const logLevelNotification = new NotificationType<LogLevel>('dind/logLevel');

export const runNotification = new NotificationType<RunNotification>('dind/run');
export const outputNotification = new NotificationType<OutputEvent>('dind/output');
export const engineNotification = new NotificationType<EngineStatus>('dind/engine');
