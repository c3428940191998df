// The types of the messages between this extension and `dind-executor lsp` (docs/protocol.md).
// Generated from api/ by scripts/generate: edit that, not this.

export type ErrorKind =
  | 'invalid_request'
  | 'unsupported_language'
  | 'disabled'
  | 'not_found'
  | 'busy'
  | 'image_unavailable'
  | 'engine_error'
  | 'engine_unavailable'
  | 'shutting_down'
  | 'cancelled'
  | 'internal';

export type Channel = 'stdout' | 'stderr';

export type Network = 'none' | 'internet';

export type Pull = 'missing' | 'never' | 'always';

export type Isolation = 'runc' | 'gvisor';

export type WorkspaceAccess = 'readOnly' | 'readWrite';

/** What the runs of a folder execute */
export type Choice =
  | {
      program: string;
    }
  | {
      command: string;
    };

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

export type Builder = 'classic' | 'buildkit';

/** The params of `dind/run`: one for each change of state */
export type RunNotification = RunQueued | RunPreparing | RunStarted | RunFinished;

/** Why a program could not be run */
export interface ErrorData {
  /** Bytes that are not UTF-8 are U+FFFD */
  stdout?: string;
  /** Bytes that are not UTF-8 are U+FFFD */
  stderr?: string;
  /** Bytes that are not in `stdout` */
  stdoutTruncatedBytes?: number;
  /** Bytes that are not in `stderr` */
  stderrTruncatedBytes?: number;
  /** The kind of error; stable */
  kind: ErrorKind;
  /** One line for a person: what happened and what to do */
  message: string;
  /** The matching HTTP status */
  httpStatus: number;
  /** Seconds after which another try may help; missing if it is not known that it helps */
  retryAfter?: number;
  /** Of a run: its id */
  runId?: string;
  /** Of a run: whether the program had begun. Then another try repeats what it did */
  began?: boolean;
}

export interface OutputEvent {
  /** The run's id */
  runId: string;
  channel: Channel;
  /** Never half of a character. Bytes that are not UTF-8 are U+FFFD */
  text: string;
}

/** The limits in force */
export interface GrantedLimits {
  timeoutMs: number;
  memoryBytes: number;
  cpus: number;
  pids: number;
  network: Network;
}

/** `initializationOptions`, and `settings.dind` of `workspace/didChangeConfiguration`. The server ignores unknown fields */
export interface Options {
  /** Seconds from the program's start */
  timeout?: number;
  /** Bytes, or a text such as `512m`; at least 6 MiB */
  memory?: number | string;
  /** Number of processors; 0.5 is half of one's time */
  cpus?: number;
  /** Processes and threads, with the supervisor of the sandbox */
  pids?: number;
  /** Size of each folder in memory (`/tmp`, `/sandbox`, `/dev/shm`): bytes, or a text such as `256m`; at least 1 MiB. What is written there counts as memory, too */
  tmp?: number | string;
  /** `none` if left out */
  network?: Network;
  /** When the image is pulled; the operator's `never` overrides this */
  pull?: Pull;
  /** The operator's `gvisor` overrides `runc` */
  isolation?: Isolation;
  /** The image of each language */
  images?: {
    [k: string]: string;
  };
  /** `false`: the history keeps nothing of this client's runs */
  record?: boolean;
  /** `false`: no warm sandbox for this client's runs */
  warmPool?: boolean;
  /** `false`: no lens */
  codeLens?: boolean;
}

/** `capabilities.experimental.dind` of a client */
export interface ClientCapabilities {
  /** The client takes the notifications `dind/output`, `dind/run` and `dind/engine` */
  output?: boolean;
  /** The client has commands with the same ids */
  clientCommands?: boolean;
}

/** The argument of `dind.runFile` */
export interface RunFile {
  /** An open document runs as typed. Another `file:` URI runs from disk */
  uri: string;
  /** Overrides the detected language */
  languageId?: string;
  /** The program's arguments */
  args?: string[];
  /** Mounts the workspace at `/workspaces` */
  workspace?: WorkspaceAccess;
  /** An absolute path in the sandbox */
  workingDir?: string;
  /** In place of the language's image */
  image?: string;
  /** When the image is pulled; the operator's `never` overrides this */
  pull?: Pull;
  /** Packages that are installed first */
  dependencies?: string[];
  /** 1 to 64 of `A-Za-z0-9_-`; chosen by the server if left out */
  runId?: string;
  /** The program's stdin; empty if left out */
  stdin?: string;
  /** Environment variables */
  env?: {
    [k: string]: string;
  };
  /** `none` if left out */
  network?: Network;
  /** The operator's `gvisor` overrides `runc` */
  isolation?: Isolation;
  /** `false`: the history keeps nothing of this run. The log still has its line */
  record?: boolean;
  /** Seconds from the program's start */
  timeout?: number;
  /** Bytes, or a text such as `512m`; at least 6 MiB */
  memory?: number | string;
  /** Number of processors; 0.5 is half of one's time */
  cpus?: number;
  /** Processes and threads, with the supervisor of the sandbox */
  pids?: number;
  /** Size of each folder in memory (`/tmp`, `/sandbox`, `/dev/shm`): bytes, or a text such as `256m`; at least 1 MiB. What is written there counts as memory, too */
  tmp?: number | string;
}

/** The argument of `dind.runWorkspace`: one of the programs of a folder, or a command for the shell */
export interface RunWorkspace {
  /** The folder. Notifications of the run have it, and `dind.stop` takes it */
  uri: string;
  /** An id of the list of programs */
  program?: string;
  /** A line for the shell. Without `program` and `command`: the earlier choice, else the only program */
  command?: string;
  /** What the run may do with the folder; `readWrite` if left out. The rest of the workspace is read-only */
  workspace?: WorkspaceAccess;
  /** In place of the language's image */
  image?: string;
  /** When the image is pulled; the operator's `never` overrides this */
  pull?: Pull;
  /** Packages that are installed first */
  dependencies?: string[];
  /** 1 to 64 of `A-Za-z0-9_-`; chosen by the server if left out */
  runId?: string;
  /** The program's stdin; empty if left out */
  stdin?: string;
  /** Environment variables */
  env?: {
    [k: string]: string;
  };
  /** `none` if left out */
  network?: Network;
  /** The operator's `gvisor` overrides `runc` */
  isolation?: Isolation;
  /** `false`: the history keeps nothing of this run. The log still has its line */
  record?: boolean;
  /** Seconds from the program's start */
  timeout?: number;
  /** Bytes, or a text such as `512m`; at least 6 MiB */
  memory?: number | string;
  /** Number of processors; 0.5 is half of one's time */
  cpus?: number;
  /** Processes and threads, with the supervisor of the sandbox */
  pids?: number;
  /** Size of each folder in memory (`/tmp`, `/sandbox`, `/dev/shm`): bytes, or a text such as `256m`; at least 1 MiB. What is written there counts as memory, too */
  tmp?: number | string;
}

/** What in a folder can run */
export interface WorkspaceProgram {
  /** `npm-start`, `packages/app/npm-start` (a project in a folder); the same in the next list */
  id: string;
  /** For a person: `npm start` */
  label: string;
  /** The file that says so: `package.json` */
  source: string;
  /** What it says (`node server.js`); may be empty */
  detail: string;
  /** An image is built first */
  build: boolean;
  /** A test, a build, a project in a folder: it runs only if a person chooses it */
  extra: boolean;
  /** What it may lack */
  notes: string[];
}

/** The result of `dind.workspacePrograms` */
export interface WorkspacePrograms {
  /** The folder's path, without links */
  folder: string;
  /** In order of preference */
  programs: WorkspaceProgram[];
  /** Files that look like a program but are not one */
  notes: string[];
  /** The earlier choice, from an editor or a terminal, if the folder still has it */
  chosen?: Choice;
}

/** The argument of `dind.chooseProgram`. Without a program and a command, the server forgets the choice */
export interface ChooseProgram {
  /** The folder */
  uri: string;
  /** An id of the list of programs */
  program?: string;
  /** A line for the shell */
  command?: string;
}

/** The argument of `dind.stop`. Without one, every run of the client is stopped */
export interface Stop {
  runId?: string;
  uri?: string;
}

export interface StopResult {
  /** How many runs were told to stop */
  stopped: number;
}

/** The result of `dind.runFile` and `dind.runWorkspace` */
export interface LspRunResult {
  /** The run's id */
  runId: string;
  /** How the run ended */
  verdict: Verdict;
  /** The program's exit code; null if a signal ended it */
  exitCode: number | null;
  /** The signal that ended the program */
  signal: number | null;
  /** The program's own wall-clock time */
  durationMs: number;
  /** User and system time of all its processes */
  cpuMs: number | null;
  /** The peak of the whole sandbox */
  peakMemoryBytes: number | null;
  /** The kernel killed a process of the sandbox because of its memory limit */
  oomSeen: boolean;
  /** Bytes of stdout, as the program wrote them */
  stdoutBytes: number;
  /** Bytes of stderr, as the program wrote them */
  stderrBytes: number;
  /** Bytes that exceed the output limit */
  droppedBytes: number;
  /** The image's name, as requested */
  image: string;
  /** The engine's id of the image, `sha256:…` */
  imageId: string;
  /** The registry's `sha256:…` of the image's name; null if no registry gave one */
  imageDigest: string | null;
  /** What separated the program from the machine */
  isolation: Isolation;
  /** Where the run ended; not `program`: the program never began */
  stage: Stage;
  /** What built the image; null if no image was built */
  builder: Builder | null;
  /** For a person: which limits were lowered, and what is known of the cause of the end */
  notes: string[];
}

export interface RunQueued {
  /** The run's id */
  runId: string;
  /** As in the request */
  uri: string;
  /** The number of runs that start before this one */
  position: number;
  state: 'queued';
}

export interface RunPreparing {
  /** The run's id */
  runId: string;
  /** As in the request */
  uri: string;
  /** `image`, `dependencies`, `build` or `container` */
  stage: Stage;
  /** One line for a person */
  message: string;
  /** 0 to 100; missing if it is not known */
  percent?: number;
  state: 'preparing';
}

export interface RunStarted {
  /** The run's id */
  runId: string;
  /** As in the request */
  uri: string;
  /** The file's name, or the command */
  name: string;
  /** The id of its language; empty for a command */
  language: string;
  /** The image that the program runs in */
  image: string;
  /** What separates the program from the machine */
  isolation: Isolation;
  /** The limits in force */
  limits: GrantedLimits;
  /** For a person: which limits were lowered */
  notes: string[];
  state: 'started';
}

export interface RunFinished {
  /** The run's id */
  runId: string;
  /** As in the request */
  uri: string;
  state: 'finished';
  result?: LspRunResult;
  /** In place of `result` */
  error?: {
    kind: ErrorKind;
    message: string;
  };
}

/** The params of `dind/engine` */
export interface EngineStatus {
  reachable: boolean;
  address: string;
  /** Missing if it is not known */
  version?: string;
  /** One line for a person */
  message?: string;
}

/** The params of `dind/logLevel` */
export interface LogLevel {
  /** `debug`, `info`, `warning`, `error` or `off`. Another value changes nothing */
  level: string;
}
