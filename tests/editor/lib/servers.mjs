// Our servers, as the machine sees them.

import { readdirSync, readFileSync } from 'node:fs';

const commandOf = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');

/** Those that the extensions below `home` have started, one for each window. */
export function serversOf(home) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).flatMap((pid) => {
    try {
      const command = commandOf(pid);
      const ours = command.some((word) => word.startsWith(home) && word.endsWith('server/dind-executor'));
      if (!ours || !command.includes('lsp')) return [];
      const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[1];
      return [{ pid, startedBy: `${parent} ${commandOf(parent).join(' ').trim()}` }];
    } catch {
      return []; // it has ended
    }
  });
}

/** SIGKILL for all of them. Returns how many there were. */
export function killServers(home) {
  const servers = serversOf(home);
  for (const { pid } of servers) process.kill(pid, 'SIGKILL');
  return servers.length;
}
