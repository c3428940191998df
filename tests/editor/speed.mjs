// The editor's part of `scripts/bench`: what a person waits for in a real code-server. Prints one line of JSON.
//
//   node tests/editor/speed.mjs [--samples N] [--megabytes N]
//
// DOCKER_HOST, DIND_VSIX and DIND_CODE_SERVER as for run.mjs.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { serversOf } from './lib/servers.mjs';
import { until } from './lib/wait.mjs';
import { World } from './lib/world.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const argument = (name, otherwise) => Number(process.argv[process.argv.indexOf(name) + 1] || otherwise);
const SAMPLES = process.argv.includes('--samples') ? argument('--samples', 20) : 20;
const MEGABYTES = process.argv.includes('--megabytes') ? argument('--megabytes', 100) : 100;

/** In the page: notes how long after the last press of a key the awaited text was painted. */
function watchKeys() {
  const probe = (window.dindProbe = { selector: '', text: '', pressed: undefined, took: undefined });
  const seen = () => [...document.querySelectorAll(probe.selector)].some((line) => (line.textContent ?? '').replaceAll('\u00a0', ' ').includes(probe.text));
  new MutationObserver(() => {
    if (!probe.text || probe.pressed === undefined || !seen()) return;
    probe.text = '';
    requestAnimationFrame(() => (probe.took = performance.now() - probe.pressed));
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
  // `timeStamp` is when the browser had the event, even if the page was busy.
  window.addEventListener('keydown', (event) => {
    if (probe.text && !['Control', 'Alt', 'Shift'].includes(event.key)) probe.pressed ??= event.timeStamp;
  }, { capture: true });
}

/** Milliseconds from this key's press to the frame in which `selector` has a line with this text. */
async function fromKeyToText(page, key, selector, text) {
  await page.evaluate((wanted) => Object.assign(window.dindProbe, wanted, { pressed: undefined, took: undefined }), { selector, text });
  await page.keyboard.press(key);
  return (await page.waitForFunction(() => window.dindProbe.took, undefined, { timeout: 30_000, polling: 50 })).jsonValue();
}

function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

async function waits(world) {
  await until('a sandbox waits and nothing else is there', async () => {
    const all = await world.engine.containers(world.foreign);
    const waiting = all.filter(({ Names, State }) => State === 'running' && Names.some((name) => name.startsWith('/dind-warm-')));
    return waiting.length >= 1 && waiting.length === all.length;
  }, 30_000);
}

async function keyToOutput(world) {
  const editor = await world.edit('speed.py', 'print("first")\n');
  await editor.page.evaluate(watchKeys);
  await editor.focusText();
  await editor.page.keyboard.press('Control+Alt+R');
  await editor.panelShows(/^── Finished/);
  const times = [];
  for (let number = 0; number < SAMPLES; number++) {
    const marker = `sample ${number} of speed`;
    await editor.replaceText(`print("${marker}")\n`);
    await waits(world);
    times.push(await fromKeyToText(editor.page, 'Control+Alt+R', '.part.panel .view-lines .view-line', marker));
    await editor.panelShows(/^── Finished/);
  }
  await editor.close();
  return times;
}

async function flood(world) {
  const editor = await world.edit('flood.py', `import os\nblock = b"".join(b"%099d\\n" % n for n in range(1000))\nfor _ in range(${MEGABYTES * 10}):\n    os.write(1, block)\nprint("the flood has ended")\n`);
  // The window's own server, and the extension host that started it; those of the window before have ended.
  const [server] = await until('one server runs', () => { const all = serversOf(world.home); return all.length === 1 && all; });
  const held = () => ({ host: memoryOf(Number.parseInt(server.startedBy)), server: memoryOf(server.pid) });
  const before = held();
  await editor.page.evaluate(watchKeys);
  await editor.focusText();
  await editor.page.keyboard.press('Control+Alt+R');
  await editor.panelShows(/0000/);
  const begun = Date.now();
  const times = [];
  const most = { ...before };
  let letters = 'zq'; // that no line of the program has
  await editor.page.keyboard.press('Control+End');
  await editor.page.keyboard.insertText(letters);
  let over = false;
  const end = editor.outputHas(/^the flood has ended$/m, 300_000).finally(() => (over = true));
  end.catch(() => {}); // handled below
  while (!over) {
    letters += 'abcdefghij'[times.length % 10];
    times.push(await fromKeyToText(editor.page, letters.at(-1), '.editor-instance .view-line', letters));
    const now = held();
    for (const part of Object.keys(most)) most[part] = Math.max(most[part], now[part]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await end;
  const took = (Date.now() - begun) / 1000;
  await editor.panelShows('the flood has ended');
  await editor.close();
  return { times, took, growth: { host: most.host - before.host, server: most.server - before.server } };
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
