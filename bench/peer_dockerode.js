// dockerode, asked by peers.py: one run for each line of stdin.
const { Writable } = require('node:stream');
const readline = require('node:readline');
const Docker = require('dockerode');

const [image, code] = process.argv.slice(2);
const docker = new Docker();
const options = {
  User: '65534:65534',
  Tty: false,
  HostConfig: {
    AutoRemove: true,
    NetworkMode: 'none',
    ReadonlyRootfs: true,
    Memory: 536870912,
    MemorySwap: 536870912,
    NanoCpus: 1e9,
    PidsLimit: 256,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Tmpfs: { '/tmp': 'size=64m,exec', '/sandbox': 'size=64m,exec' },
  },
};

async function main() {
  await docker.ping();
  console.log('ready');
  for await (const _ of readline.createInterface({ input: process.stdin })) {
    const began = process.hrtime.bigint();
    let text = '';
    const sink = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    await docker.run(image, ['python3', '-c', code], [sink, sink], options);
    const took = Number(process.hrtime.bigint() - began) / 1e9;
    if (text !== '1\n') throw new Error(`it printed ${JSON.stringify(text)}`);
    console.log('took', took);
  }
}

main().catch((error) => {
  console.log('failed', String(error));
  process.exit(1);
});
