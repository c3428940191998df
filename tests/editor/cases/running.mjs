// The ways to run a file, and what the person sees.

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { check, never, until } from '../lib/wait.mjs';

const RUN = 'Run in DinD: Run File in Sandbox';
const FOOTER = /^── Finished · exit code 0 · \d+\.\d+ s · peak memory [\d.]+ [KM]iB/;

/** One of the ways to start a run, with a marker of its own, to its end. */
function startedBy(way, start) {
  return {
    name: `a Python file is run by ${way}`,
    window: 'one file',
    run: async (world) => {
      const marker = `started by ${way.split(' ').pop()}`;
      const editor = await world.edit('hello.py', `import math\n\nfor n in range(3):\n    print(n, math.sqrt(n), "${marker}")\n`);
      await start(editor, marker);
      await editor.panelShows(`2 1.4142135623730951 ${marker}`);
      await editor.panelShows(/^── hello\.py · python · /);
      await editor.outputHas(/^── hello\.py · python · \S+ · 60 s · 512 MiB · 1 CPU · 256 processes · no network$/m);
      await editor.panelShows(FOOTER);
      await editor.statusShows(/^DinD$/);
      await world.picture(`run by ${way}`);
    },
  };
}

export const running = [
  startedBy('its CodeLens', (editor) => editor.lens('Run in sandbox').click()),
  startedBy('the palette', (editor) => editor.palette(RUN)),
  startedBy('the key', async (editor, marker) => {
    await editor.focusText();
    await until('the key runs it', async () => {
      await editor.page.keyboard.press('Control+Alt+R');
      return editor.panelShows(marker, 10_000).catch(() => false);
    });
  }),
  startedBy('the run button', (editor) => editor.page.locator('.editor-actions a.action-label[aria-label*="Run File in Sandbox"]').click()),
  {
    name: 'lines appear while the program still runs, and the focus stays in the text',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('slow.py', 'import time\nfor n in range(60):\n    print("tick", n, flush=True)\n    time.sleep(0.1)\nprint("last tick")\n');
      await editor.focusText();
      await editor.palette(RUN);
      await editor.panelShows('tick 0');
      check(!/last tick/.test((await editor.panel()).join('\n')), 'the first line is there before the program has ended');
      await editor.statusShows(/^slow\.py 0:0[1-9]$/);
      await editor.lens('Stop').waitFor();
      check((await editor.page.locator('.editor-instance .monaco-editor.focused').count()) === 1, 'the text has the focus');
      await world.picture('output as it comes');
      await editor.panelShows(FOOTER);
      await editor.lens('Stop').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'unsaved text runs as typed, and stays unsaved',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('dirty.py', 'print("saved text")\n');
      await editor.replaceText('print("typed", "text")\n');
      check(await editor.isDirty(), 'the file is unsaved');
      await editor.palette(RUN);
      await editor.panelShows('typed text');
      await editor.panelShows(FOOTER);
      check(await editor.isDirty(), 'the file is still unsaved');
    },
  },
  {
    name: 'a program that fails shows its error and its exit code',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('fails.py', 'import sys\nprint("to stderr", file=sys.stderr)\nsys.exit(3)\n');
      await editor.lens('Run in sandbox').click();
      await editor.panelShows('to stderr');
      await editor.panelShows(/^── Failed · exit code 3 · /);
      check((await editor.notifications()).length === 0, "a program's failure is an outcome, not an error");
    },
  },
  {
    name: 'colours are left out, and a flood is shortened with a line that says so',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('flood.py', 'print("\\x1b[31mred\\x1b[0m start")\nfor n in range(60000):\n    print("flood", n)\nprint("flood end")\n');
      await editor.lens('Run in sandbox').click();
      await editor.panelShows('flood end', 60_000);
      await editor.panelShows(FOOTER);
      await editor.outputHas(/^red start$/m);
      await editor.outputHas(/… [\d,]+ characters left out …/);
    },
  },
  {
    name: 'a setting of the workspace is the limit of the run',
    run: async (world) => {
      mkdirSync(join(world.workspace, '.vscode'), { recursive: true });
      world.file('.vscode/settings.json', '{ "dind.timeout": 2 }\n');
      try {
        const editor = await world.edit('endless.py', 'import time\nprint("waits", flush=True)\ntime.sleep(1000)\n');
        await editor.lens('Run in sandbox').click();
        await editor.outputHas(/^── endless\.py · python · .* · 2 s · /m);
        await editor.panelShows(/^── Stopped at the time limit/);
      } finally {
        world.file('.vscode/settings.json', '{}\n');
      }
    },
  },
  {
    name: 'the picture of the README',
    run: async (world) => {
      const program = [
        'import random', 'import time', '', 'random.seed(42)', 'inside = 0', '',
        'for n in range(1, 400_001):', '    x, y = random.random(), random.random()', '    inside += x * x + y * y <= 1',
        '    if n % 80_000 == 0:', '        print(f"{n:>7,} points: pi is about {4 * inside / n:.5f}", flush=True)', '        time.sleep(0.02)', '',
      ];
      const editor = await world.edit('monte_carlo.py', program.join('\n'));
      await editor.lens('Run in sandbox').click();
      await editor.panelShows('400,000 points');
      await editor.panelShows(FOOTER);
      await editor.statusShows(/^DinD$/);
      // A lens that came late must go too: the run was over before the editor asked for "Stop".
      await until('the Stop lens is gone', async () => (await editor.lens('Stop').count()) === 0);
      await never('a Stop lens that comes back', async () => (await editor.lens('Stop').count()) > 0, 1_000);
      await world.picture('readme');
      // Only on request, for a release: a test run leaves the tree as it was.
      if (process.env.DIND_README_PICTURE) copyFileSync(join(world.artefacts, 'readme.png'), process.env.DIND_README_PICTURE);
    },
  },
];
