// The types of the messages between this extension and `dind-executor lsp` (docs/protocol.md).

import { NotificationType, type DocumentUri } from 'vscode-languageclient/node';

export type Network = 'none' | 'internet';
export type Pull = 'missing' | 'never' | 'always';
export type Isolation = 'runc' | 'gvisor';

/** `initializationOptions`, and `settings.dind` of `workspace/didChangeConfiguration`. Seconds; "512m" or bytes. */
export interface Options {
  timeout?: number;
  memory?: string | number;
  cpus?: number;
  pids?: number;
  network?: Network;
  pull?: Pull;
  isolation?: Isolation;
  images?: Record<string, string>;
  prestart?: boolean;
  record?: boolean;
}

/** `capabilities.experimental.dind` of this client. */
export interface ClientCapabilities {
  output: true;
  ownCommands: true;
}

export const RUN_FILE = 'dind.runFile';
export const RUN_WORKSPACE = 'dind.runWorkspace';
export const WORKSPACE_PROGRAMS = 'dind.workspacePrograms';
export const CHOOSE_PROGRAM = 'dind.chooseProgram';
export const STOP = 'dind.stop';

export interface RunFile {
  uri: DocumentUri;
  languageId?: string;
  args?: string[];
  env?: Record<string, string>;
  stdin?: string;
  image?: string;
  timeout?: number;
  memory?: string | number;
  cpus?: number;
  pids?: number;
  network?: Network;
  pull?: Pull;
  isolation?: Isolation;
  record?: boolean;
  requirements?: string[];
  workspace?: WorkspaceAccess;
  workingDir?: string;
  runId?: string;
}

/** A run like this may come soon. */
export const expectNotification = new NotificationType<RunFile>('dind/expect');

export type WorkspaceAccess = 'readOnly' | 'readWrite';

/** A whole folder: one of its programs, or a command for the shell. */
export interface RunWorkspace extends Omit<RunFile, 'languageId' | 'args' | 'workingDir'> {
  program?: string;
  command?: string;
}

export interface WorkspacePrograms {
  folder: string;
  programs: WorkspaceProgram[];
  notes: string[];
  /** The earlier choice, from an editor or a terminal, if the folder still has it. */
  chosen?: Choice;
}

/** What the runs of a folder execute. */
export type Choice = { program: string } | { command: string };

/** Without a program and a command, the server forgets the choice. */
export type ChooseProgram = { uri: DocumentUri } & Partial<{ program: string; command: string }>;

export interface WorkspaceProgram {
  id: string;
  label: string;
  source: string;
  detail: string;
  build: boolean;
  /** A test or a build: offered, but it runs only if the person chooses it. */
  extra: boolean;
  notes: string[];
}

export interface Stop {
  runId?: string;
  uri?: DocumentUri;
}

export interface StopResult {
  stopped: number;
}

export type Verdict =
  | 'ok'
  | 'failed'
  | 'signalled'
  | 'timeout'
  | 'out_of_memory'
  | 'process_limit'
  | 'output_limit'
  | 'disk_limit'
  | 'cancelled';

export type Stage = 'queue' | 'image' | 'dependencies' | 'build' | 'container' | 'program';

export interface RunResult {
  runId: string;
  verdict: Verdict;
  exitCode: number | null;
  signal: number | null;
  durationMs: number;
  cpuMs: number | null;
  peakMemoryBytes: number | null;
  oomSeen: boolean;
  stdoutBytes: number;
  stderrBytes: number;
  droppedBytes: number;
  image: string;
  imageId: string;
  imageDigest: string | null;
  isolation: Isolation;
  degraded: boolean;
  /** For people: which limits were reduced, and what is known about the cause of the end. */
  notes?: string[];
  /** Where the run ended. Any stage but `program` means that the program never began. */
  stage: Stage;
}

export type ErrorKind =
  | 'invalid_request'
  | 'unsupported_language'
  | 'disabled'
  | 'not_found'
  | 'busy'
  | 'image_unavailable'
  | 'engine_error'
  | 'engine_unavailable'
  | 'internal';

/** `error.data` of a failed `dind.runFile`. */
export interface ErrorData {
  kind: ErrorKind;
  message: string;
  httpStatus: number;
}

export const REQUEST_CANCELLED = -32800;

export interface Limits {
  timeoutMs: number;
  memoryBytes: number;
  cpus: number;
  pids: number;
  network: Network;
}

export type RunState = { runId: string; uri: DocumentUri } & (
  | { state: 'queued'; position: number }
  | { state: 'preparing'; stage: 'image' | 'dependencies' | 'build' | 'container'; message: string; percent?: number }
  | {
      state: 'started';
      name: string;
      language: string;
      image: string;
      limits: Limits;
      isolation: Isolation;
      notes: string[];
    }
  | { state: 'finished'; result?: RunResult; error?: { kind: ErrorKind; message: string } }
);
export const runNotification = new NotificationType<RunState>('dind/run');

export interface Output {
  runId: string;
  channel: 'stdout' | 'stderr';
  text: string;
}
export const outputNotification = new NotificationType<Output>('dind/output');

export interface Engine {
  reachable: boolean;
  address: string;
  version?: string;
  message?: string;
}
/** Sent to the server. */
export const logLevelNotification = new NotificationType<{ level: string }>('dind/logLevel');

export const engineNotification = new NotificationType<Engine>('dind/engine');
