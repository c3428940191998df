// What the settings of a workspace may change: a repository brings them along, so they can only tighten what the person
// chose, never loosen it (docs/security.md).

import type { Options, WorkspaceAccess } from './protocol';

/** The settings of a run, by their names below `dind.`. */
export type RunSettings = Pick<Options, 'timeout' | 'memory' | 'cpus' | 'pids' | 'network' | 'pull' | 'isolation' | 'prestart'> & {
  'workspace.access'?: WorkspaceAccess;
};
export type RunSetting = keyof RunSettings;

/** How strict a value is: the higher, the stricter. Undefined: it is not a value of this setting. */
type Strictness = (value: unknown) => number | undefined;

const ranked = (...loosestFirst: unknown[]): Strictness => (value) => {
  const at = loosestFirst.indexOf(value);
  return at < 0 ? undefined : at;
};
const lower: Strictness = (value) => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? -value : undefined);

const BYTES = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i;

/** "512m" or a number of bytes, as the server reads it. */
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
  pids: (value) => (Number.isInteger(value) ? lower(value) : undefined),
  network: ranked('internet', 'none'),
  // Neither `always` nor `missing` is stricter: both take what a registry has.
  pull: (value) => (value === 'never' ? 1 : value === 'always' || value === 'missing' ? 0 : undefined),
  isolation: ranked('runc', 'gvisor'),
  'workspace.access': ranked('readWrite', 'readOnly'),
  prestart: ranked(true, false),
};

export const RUN_SETTINGS = Object.keys(STRICTNESS) as RunSetting[];

/** Whether the server takes it as a value of that setting. */
export function isValue(setting: RunSetting, value: unknown): boolean {
  return STRICTNESS[setting](value) !== undefined;
}

/** The values of one setting, as `WorkspaceConfiguration.inspect` tells them apart. */
export interface Values {
  defaultValue?: unknown;
  /** The person's own, of the user or of the machine. */
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

export interface Tightened {
  /** What to ask for; undefined: nobody has set it. */
  value: unknown;
  /** Values of the workspace that are not used, since they would loosen it or are not values of this setting. */
  ignored: unknown[];
}

/** The person's value, or what of the workspace is stricter than that, or than the default where the person has set none. */
export function tighten(setting: RunSetting, { defaultValue, globalValue, workspaceValue, workspaceFolderValue }: Values): Tightened {
  const strictness = STRICTNESS[setting];
  let value = globalValue;
  // The server does not use a value that is wrong: the default holds then.
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
