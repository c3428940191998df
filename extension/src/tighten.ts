// Decides what the settings of a workspace may change. They come with a repository, so they can only tighten what the
// person chose, never loosen it (docs/security.md).

import type { Options, WorkspaceAccess } from './protocol';

/** The settings of a run, by their names after `dind.`. */
export type RunSettings = Pick<Options, 'timeout' | 'memory' | 'cpus' | 'pids' | 'tmp' | 'network' | 'pull' | 'isolation' | 'warmPool'> & {
  'workspace.access'?: WorkspaceAccess;
};
export type RunSetting = keyof RunSettings;

/** How strict a value is: a higher number is stricter. Undefined: not a value of this setting. */
type Strictness = (value: unknown) => number | undefined;

const ranked = (...loosestFirst: unknown[]): Strictness => (value) => {
  const at = loosestFirst.indexOf(value);
  return at < 0 ? undefined : at;
};
const lower: Strictness = (value) => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? -value : undefined);

const BYTES = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i;

/** Parses "512m" or a number of bytes, as the server does. */
export function parseBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? value : undefined;
  const [, digits, unit = ''] = (typeof value === 'string' && BYTES.exec(value)) || [];
  if (digits === undefined) return undefined;
  const bytes = Number(digits) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(unit.toLowerCase());
  return bytes >= 1 ? bytes : undefined;
}

const STRICTNESS: Record<RunSetting, Strictness> = {
  timeout: lower,
  memory: (value) => lower(parseBytes(value)),
  cpus: lower,
  tmp: (value) => lower(parseBytes(value)),
  pids: (value) => (Number.isInteger(value) ? lower(value) : undefined),
  network: ranked('internet', 'none'),
  // `always` and `missing` are equally strict: both take what a registry has.
  pull: (value) => (value === 'never' ? 1 : value === 'always' || value === 'missing' ? 0 : undefined),
  isolation: ranked('runc', 'gvisor'),
  'workspace.access': ranked('readWrite', 'readOnly'),
  warmPool: ranked(true, false),
};

export const RUN_SETTINGS = Object.keys(STRICTNESS) as RunSetting[];

/** Whether the server accepts the value for this setting. */
export function isValue(setting: RunSetting, value: unknown): boolean {
  return STRICTNESS[setting](value) !== undefined;
}

/** The values of one setting, as `WorkspaceConfiguration.inspect` distinguishes them. */
export interface Values {
  defaultValue?: unknown;
  /** The person's own value, for the user or the machine. */
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

export interface Tightened {
  /** The value to send. Undefined: nobody has set it. */
  value: unknown;
  /** Values of the workspace that are not used: they would loosen the setting, or are not values of it. */
  ignored: unknown[];
}

/**
 * Returns the person's value, or a workspace value that is stricter. Without a value of the person, the default counts.
 */
export function tighten(setting: RunSetting, { defaultValue, globalValue, workspaceValue, workspaceFolderValue }: Values): Tightened {
  const strictness = STRICTNESS[setting];
  let value = globalValue;
  // The server does not use a wrong value, so then the default holds.
  let floor = strictness(globalValue) ?? strictness(defaultValue) ?? Infinity;
  const ignored: unknown[] = [];
  for (const proposed of [workspaceValue, workspaceFolderValue]) {
    if (proposed === undefined) continue;
    const level = strictness(proposed);
    if (level !== undefined && level > floor) {
      value = proposed;
      floor = level;
    } else if (!ignored.includes(proposed) && !(level === floor && (setting !== 'pull' || proposed === (value ?? defaultValue)))) {
      ignored.push(proposed);
    }
  }
  return { value, ignored };
}
