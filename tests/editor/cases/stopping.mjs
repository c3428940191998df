// Ending a run early.

import { check, until } from '../lib/wait.mjs';

const RUN = 'Run in DinD: Run File in Sandbox';
const STOP = 'Run in DinD: Stop';
const endless = (marker) => `import time\nprint("${marker}", flush=True)\nwhile True:\n    time.sleep(0.01)\n`;

async function running(world, editor, marker) {
  await editor.panelShows(marker);
  return until('its container runs', async () => {
    const containers = await world.containers();
    return containers.some(({ State }) => State === 'running') && containers;
  });
}

function stoppedBy(way, stop) {
  return {
    name: `an endless loop is stopped by ${way}, and its container is gone`,
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('loop.py', endless(`loops until ${way}`));
      await editor.palette(RUN);
      await running(world, editor, `loops until ${way}`);
      await stop(editor);
      await editor.panelShows(/^── Stopped/);
      await world.noContainers();
      await editor.statusShows(/^DinD$/);
      check((await editor.notifications()).length === 0, 'a stopped run is no error');
      await world.picture(`stopped by ${way}`);
    },
  };
}

export const stopping = [
  stoppedBy('the Stop command', (editor) => editor.palette(STOP)),
  stoppedBy('its CodeLens', (editor) => editor.lens('Stop').click()),
  {
    name: 'a second run of the same file stops the first one',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('again.py', endless('first round'));
      await editor.palette(RUN);
      const [first] = await running(world, editor, 'first round');
      await editor.replaceText('print("second round")\n');
      await editor.palette(RUN);
      await editor.panelShows(/^second round/);
      await editor.panelShows(/^── Finished/);
      await editor.outputHas(/first round\n── Stopped[^\n]*\n\n── again\.py[^\n]*\nsecond round\n── Finished/);
      await until('the container of the first one is gone', async () => !(await world.containers()).some(({ Id }) => Id === first.Id));
    },
  },
  {
    name: 'a closed window leaves no container behind',
    run: async (world) => {
      const editor = await world.edit('left.py', endless('left alone'));
      await editor.palette(RUN);
      await running(world, editor, 'left alone');
      world.editors.splice(0);
      await editor.close();
      await world.noContainers(30_000);
    },
  },
  {
    name: 'Stop is offered only while something runs',
    window: 'one file',
    run: async (world) => {
      const editor = await world.edit('offer.py', endless('runs now'));
      check(!(await editor.paletteOffers('Run in DinD: ')).includes(STOP), 'not before a run');
      await editor.palette(RUN);
      await running(world, editor, 'runs now');
      await until('Stop is offered', async () => (await editor.paletteOffers('Run in DinD: ')).includes(STOP));
      await editor.palette(STOP);
      await editor.panelShows(/^── Stopped/);
    },
  },
];
