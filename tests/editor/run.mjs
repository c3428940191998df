// Runs the editor tests: a real code-server with the packaged extension, driven in Chromium, on a real Docker engine.
//
//   node tests/editor/run.mjs [-k NAME]... [--list]
//
// DOCKER_HOST names the engine, DIND_VSIX the extension (dist/dind-executor-linux-x64.vsix), DIND_CODE_SERVER the
// code-server (else the one of scripts/setup). Screenshots go to build/artefacts/editor, results to
// build/test-results/editor.json. Exit code 0 when all passed.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { cases } from './cases/index.mjs';
import { World } from './lib/world.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const ARTEFACTS = join(ROOT, 'build/artefacts/editor');
const RESULTS = join(ROOT, 'build/test-results/editor.json');
const TEST_DEADLINE_MS = Number(process.env.DIND_EDITOR_DEADLINE_MS ?? 120_000);

function parse(argv) {
  const filters = [];
  let list = false;
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '-k' && i + 1 < argv.length) filters.push(argv[++i]);
    else if (argv[i] === '--list') list = true;
    else usage();
  }
  return { filters, list };
}

function usage() {
  console.error('usage: node tests/editor/run.mjs [-k NAME]... [--list]');
  process.exit(2);
}

function deadline(promise, ms) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`not done within ${ms / 1000} s`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Cases that share a window come one after the other. */
function inOrder(all) {
  return [...Map.groupBy(all, ({ window }) => window).values()].flat();
}

const { filters, list } = parse(process.argv.slice(2));
const chosen = cases.filter(({ name }) => filters.length === 0 || filters.some((filter) => name.toLowerCase().includes(filter.toLowerCase())));
if (list) {
  chosen.forEach(({ name }) => console.log(name));
  process.exit(0);
}
if (chosen.length === 0) {
  console.error(`no test has ${filters.join(' or ')} in its name`);
  process.exit(2);
}

rmSync(ARTEFACTS, { recursive: true, force: true });
mkdirSync(ARTEFACTS, { recursive: true });
mkdirSync(dirname(RESULTS), { recursive: true });
const home = mkdtempSync(join(tmpdir(), 'dind-editor-'));
const world = new World({ root: ROOT, home, artefacts: ARTEFACTS });
const failures = [];
let passed = 0;

// In each case, everything that was started ends.
process.on('exit', () => world.kill());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    console.error(`ended by ${signal}`);
    process.exit(130);
  });
}

function note(name, problem, start) {
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  if (problem) {
    failures.push(`${name}: ${String(problem.message ?? problem).split('\n')[0].slice(0, 400)}`);
    console.log(`FAILED ${name} (${seconds} s)\n       ${String(problem.stack ?? problem).replaceAll('\n', '\n       ')}`);
  } else {
    passed++;
    console.log(`ok     ${name} (${seconds} s)`);
  }
}

try {
  for (const { name, run, needs = 'editor', window } of inOrder(chosen)) {
    const start = Date.now();
    let problem;
    try {
      if (needs === 'editor') await world.begin({ window });
      await deadline(run(world), TEST_DEADLINE_MS);
    } catch (error) {
      problem = error;
      await world.picture(`FAILED ${name}`);
    }
    try {
      if (needs === 'editor') await world.tidy({ passed: !problem });
    } catch (error) {
      problem ??= error;
    }
    note(name, problem, start);
  }
  if (world.shared) {
    const start = Date.now();
    const problem = await world.closeShared().catch((error) => error);
    note('the window that cases shared leaves nothing', problem, start);
  }
} finally {
  if (failures.length > 0) world.saveLogs(ARTEFACTS);
  await world.stop();
}

if (failures.length > 0) console.log(`pictures and logs: ${ARTEFACTS} (${readdirSync(ARTEFACTS).length} files)`);
rmSync(home, { recursive: true, force: true });
writeFileSync(RESULTS, JSON.stringify({ passed, failed: failures.length, failures }, null, 2) + '\n');
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);
