// The editor's part of `scripts/bench`: what a person waits for in a real code-server. Prints one line of JSON.
//
//   node tests/editor/speed.mjs [--samples N] [--megabytes N]
//
// DOCKER_HOST, DIND_VSIX and DIND_CODE_SERVER as for run.mjs.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from './lib/wait.mjs';
import { World } from './lib/world.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const argument = (name, otherwise) => Number(process.argv[process.argv.indexOf(name) + 1] || otherwise);
const SAMPLES = process.argv.includes('--samples') ? argument('--samples', 20) : 20;
const MEGABYTES = process.argv.includes('--megabytes') ? argument('--megabytes', 100) : 100;

/** In the page: from the next press of a key to the frame in which `selector` has a line with this text. */
function fromKeyToText({ selector, text }) {
  return new Promise((done) => {
    let pressed;
    const seen = () => [...document.querySelectorAll(selector)].some((line) => (line.textContent ?? '').replaceAll('\u00a0', ' ').includes(text));
    const observer = new MutationObserver(() => {
      if (pressed === undefined || !seen()) return;
      observer.disconnect();
      requestAnimationFrame(() => done(performance.now() - pressed));
    });
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    window.addEventListener('keydown', (event) => {
      if (!['Control', 'Alt', 'Shift'].includes(event.key)) pressed ??= performance.now();
    }, { capture: true });
  });
}

function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** The extension hosts and servers of ours beneath this home, with what they hold. */
function processes(pattern) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return pattern.test(line) ? [{ pid, memory: memoryOf(pid) }] : [];
    } catch {
      return []; // it has ended
    }
  });
}

async function waits(world) {
  await until('a sandbox waits and nothing else is there', async () => {
    const all = await world.engine.containers(world.foreign);
    const waiting = all.filter(({ Names, State }) => State === 'running' && Names.some((name) => name.startsWith('/dind-prestarted-')));
    return waiting.length >= 1 && waiting.length === all.length;
  }, 30_000);
}

async function keyToOutput(world) {
  const editor = await world.edit('speed.py', 'print("first")\n');
  await editor.focusText();
  await editor.page.keyboard.press('Control+Alt+R');
  await editor.panelShows(/^── Finished/);
  const times = [];
  for (let number = 0; number < SAMPLES; number++) {
    const marker = `sample ${number} of speed`;
    await editor.replaceText(`print("${marker}")\n`);
    await waits(world);
    const measured = editor.page.evaluate(fromKeyToText, { selector: '.part.panel .view-lines .view-line', text: marker });
    await editor.page.keyboard.press('Control+Alt+R');
    times.push(await measured);
    await editor.panelShows(/^── Finished/);
  }
  await editor.close();
  return times;
}

async function flood(world) {
  const editor = await world.edit('flood.py', `import os\nblock = b"".join(b"%099d\\n" % n for n in range(1000))\nfor _ in range(${MEGABYTES * 10}):\n    os.write(1, block)\nprint("the flood has ended")\n`);
  const host = processes(/--type=extensionHost/);
  const before = host.map(({ memory }) => memory);
  await editor.focusText();
  await editor.page.keyboard.press('Control+Alt+R');
  await editor.panelShows(/0000/);
  const begun = Date.now();
  const times = [];
  let most = 0;
  let letters = '';
  let over = false;
  const end = editor.outputHas(/^── (Finished|Failed)/m, 300_000).finally(() => (over = true));
  await editor.page.keyboard.press('Control+End');
  while (!over) {
    letters += 'abcdefghij'[times.length % 10];
    const measured = editor.page.evaluate(fromKeyToText, { selector: '.editor-instance .view-line', text: letters });
    await editor.page.keyboard.press(letters.at(-1));
    times.push(await measured);
    most = Math.max(most, ...processes(/--type=extensionHost/).map(({ memory }) => memory));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await end;
  const took = (Date.now() - begun) / 1000;
  await editor.panelShows('the flood has ended');
  await editor.close();
  return { times, took, growth: most - Math.max(0, ...before) };
}

const home = mkdtempSync(join(tmpdir(), 'dind-speed-'));
const artefacts = join(home, 'artefacts');
mkdirSync(artefacts);
const world = new World({ root: ROOT, home, artefacts });
process.on('exit', () => world.kill());
let code = 0;
try {
  await world.start();
  const result = { key: await keyToOutput(world), flood: await flood(world), megabytes: MEGABYTES };
  console.log(JSON.stringify(result));
} catch (error) {
  console.error(error);
  code = 1;
}
await world.stop();
rmSync(home, { recursive: true, force: true });
process.exit(code);
