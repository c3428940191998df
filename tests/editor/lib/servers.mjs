// The processes of our servers.

import { readdirSync, readFileSync } from 'node:fs';

const commandOf = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');

/** "PID COMMAND" of the process that started it. */
function startedBy(pid) {
  const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[1];
  try {
    return `${parent} ${commandOf(parent).join(' ').trim()}`;
  } catch {
    return parent; // it has ended
  }
}

/** Those that the extensions below `home` have started, one for each window. */
export function serversOf(home) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).flatMap((pid) => {
    try {
      const command = commandOf(pid);
      const ours = command.some((word) => word.startsWith(home) && word.endsWith('server/dind-executor'));
      if (!ours || !command.includes('lsp')) return [];
      return [{ pid, startedBy: startedBy(pid) }];
    } catch {
      return []; // it has ended
    }
  });
}

/** SIGKILL for all of them. Returns how many there were. */
export function killServers(home) {
  return serversOf(home).filter(({ pid }) => {
    try {
      return process.kill(pid, 'SIGKILL');
    } catch {
      return false; // it has ended
    }
  }).length;
}
