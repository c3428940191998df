// The Docker engine of the tests: our objects on it, and a proxy before it that a test can stop and start again.

import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';

const LABEL = 'dind-executor.owner';

/** How to connect to `unix://…` or `tcp://…`. */
function target(dockerHost) {
  const [, scheme, rest] = /^(unix|tcp):\/\/(.+)$/.exec(dockerHost) ?? [];
  if (scheme === 'unix') return { path: rest };
  if (scheme === 'tcp') {
    const [, host, port] = /^(.+):(\d+)$/.exec(rest) ?? [];
    return { host, port: Number(port) };
  }
  throw new Error(`the editor test needs an engine at unix:// or tcp:// in DOCKER_HOST, not at ${dockerHost}`);
}

export class Engine {
  constructor(dockerHost) {
    this.at = target(dockerHost);
  }

  get(path) {
    const where = this.at.path ? { socketPath: this.at.path } : this.at;
    return new Promise((resolve, reject) => {
      const ask = request({ ...where, path, headers: { Host: 'engine' }, timeout: 10_000 }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text) => (body += text));
        answer.on('error', reject).on('end', () => (answer.statusCode === 200 ? resolve(body) : reject(new Error(`${path}: ${answer.statusCode} ${body}`))));
      });
      ask.on('timeout', () => ask.destroy(new Error(`${path}: no answer`))).on('error', reject).end();
    });
  }

  async ping() {
    return (await this.get('/_ping')) === 'OK';
  }

  async images() {
    return JSON.parse(await this.get('/images/json')).flatMap(({ RepoTags }) => RepoTags ?? []);
  }

  /** Our containers in any state, beside those that `besides` names. */
  async containers(besides = new Set()) {
    const filters = encodeURIComponent(JSON.stringify({ label: [LABEL] }));
    const all = JSON.parse(await this.get(`/containers/json?all=1&filters=${filters}`));
    // Docker 20.10 may keep an entry of a container that it has removed: without a name, and unknown to every other call.
    return all.filter(({ Id, Names }) => !besides.has(Id) && Names.length > 0);
  }

  /** Our networks, and our volumes apart from the supervisor's, which stays for the next run. */
  async leftovers() {
    const filters = encodeURIComponent(JSON.stringify({ label: [LABEL] }));
    const { Volumes } = JSON.parse(await this.get(`/volumes?filters=${filters}`));
    const networks = JSON.parse(await this.get(`/networks?filters=${filters}`));
    return [
      ...(Volumes ?? []).map(({ Name }) => Name).filter((name) => !name.startsWith('dind-supervisor-')),
      ...networks.map(({ Name }) => Name),
    ];
  }
}

/** A unix socket that leads to the engine; `close` is an engine that has gone, `open` brings it back. */
export class EngineProxy {
  constructor(dockerHost, socketPath) {
    this.at = target(dockerHost);
    this.path = socketPath;
    this.dockerHost = `unix://${socketPath}`;
    this.sockets = new Set();
  }

  open() {
    rmSync(this.path, { force: true });
    this.server = createServer({ allowHalfOpen: true }, (client) => {
      const engine = connect({ ...this.at, allowHalfOpen: true });
      for (const [from, to] of [[client, engine], [engine, client]]) {
        this.sockets.add(from);
        from.on('error', () => to.destroy()).on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    return new Promise((resolve, reject) => this.server.once('error', reject).listen(this.path, resolve));
  }

  async close() {
    const closed = this.server && new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
    this.server = undefined;
    rmSync(this.path, { force: true });
  }
}
