import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type ClientEvent, layoutOf } from '@perfit/federation';
import { participate, scriptedTuner } from '@perfit/testkit';
import { layEmptyDatabase } from '@perfit/testkit/coordinator';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { perfit as commandLine } from '../../../e2e/demo/coordinator-process.ts';
import { seed } from '../../../testing/seed.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const folder = mkdtempSync(join(tmpdir(), 'perfit-serve-'));
const { num_hidden_layers, hidden_size, num_attention_heads, num_key_value_heads, head_dim, intermediate_size } =
  JSON.parse(readFileSync(join(root, 'models/perfit-nano/config.json'), 'utf8'));
const dimensions = {
  layers: num_hidden_layers,
  width: hidden_size,
  queryWidth: num_attention_heads * head_dim,
  keyValueWidth: num_key_value_heads * head_dim,
  feedForwardWidth: intermediate_size,
};

const servers: Server[] = [];
beforeAll(() => layEmptyDatabase(join(folder, 'data')));
afterEach(() => {
  for (const { child } of servers.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Listening {
  readonly url: string;
  readonly federations: readonly { readonly joinUrl: string }[];
}

/** `perfit serve`, as a person or systemd starts it. */
class Server {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly log: string[] = [];

  constructor(...args: string[]) {
    const command = [...commandLine, 'serve', '--json', ...args];
    this.child = spawn(process.execPath, [...command, '--data', join(folder, 'data'), '--log-level', 'info'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.child.stderr }).on('line', (line) => this.log.push(line));
    servers.push(this);
  }

  async listening(): Promise<Listening> {
    for await (const line of createInterface({ input: this.child.stdout })) {
      const said = JSON.parse(line);
      if (said.event === 'listening') return said;
    }
    throw new Error(`the coordinator ended before it listened:\n${this.log.join('\n')}`);
  }

  async ended(): Promise<{ code: number | null; signal: string | null }> {
    const [code, signal] = await once(this.child, 'exit');
    return { code, signal };
  }
}

class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => {};

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

/** Takes part with numbers that are drawn, and tunes no sooner than the gate lets it. */
class Participant {
  readonly seen: ClientEvent[] = [];
  readonly life: Promise<void>;

  constructor(joinUrl: string, client: number, gate: Promise<void>) {
    this.life = this.#live(new URL(joinUrl), client, gate);
  }

  has(isIt: (event: ClientEvent) => boolean): boolean {
    return this.seen.some(isIt);
  }

  async #live(address: URL, client: number, gate: Promise<void>): Promise<void> {
    const events = participate({
      url: address.origin,
      federation: address.pathname.split('/').at(-1) as string,
      invite: address.searchParams.get('invite'),
      tuner: async ({ config }) => {
        const tuner = scriptedTuner(layoutOf(config, dimensions), client, 0.01);
        tuner.onStep = () => gate;
        return tuner;
      },
      seed,
    });
    for await (const event of events) this.seen.push(event);
  }
}

describe('perfit serve', { timeout: 180_000 }, () => {
  it('ends in order at SIGTERM, and goes on with the round where it was', async () => {
    const first = new Server('--port', '0');
    const { url, federations } = await first.listening();
    const joinUrl = federations[0]?.joinUrl as string;
    const gate = new Gate();
    const quick = new Participant(joinUrl, 1, Promise.resolve());
    const slow = new Participant(joinUrl, 2, gate.opened);
    await vi.waitUntil(() => quick.has(({ type }) => type === 'submitted'), 60_000);
    first.child.kill('SIGTERM');
    expect(await first.ended()).toEqual({ code: 0, signal: null });
    expect(first.log.at(-1)).toContain('the coordinator has shut down');
    const isLost = (event: ClientEvent) => event.type === 'connection' && event.state === 'lost';
    await vi.waitUntil(() => quick.has(isLost) && slow.has(isLost), 60_000);

    const second = new Server('--port', new URL(url).port);
    await second.listening();
    gate.open();
    await Promise.all([quick.life, slow.life]);
    for (const { seen } of [quick, slow]) {
      // The first round is submitted once, by each, in its first attempt.
      expect(seen.flatMap((event) => (event.type === 'submitted' ? [event.round] : []))).toEqual([1, 2, 3]);
      expect(seen.flatMap((event) => (event.type === 'round-started' ? [event.attempt] : []))).not.toContain(2);
      expect(seen.at(-1)?.type).toBe('finished');
    }
    second.child.kill('SIGINT');
    expect(await second.ended()).toEqual({ code: 0, signal: null });
  });

  it('ends at once where it is told to a second time', async () => {
    const server = new Server('--port', '0', '--empty');
    await server.listening();
    // Both are there before it can do anything about the first; which is the first is up to the system.
    for (const signal of ['SIGSTOP', 'SIGINT', 'SIGTERM', 'SIGCONT'] as const) server.child.kill(signal);
    expect([128 + 2, 128 + 15]).toContain((await server.ended()).code);
    expect(server.log.join('\n')).not.toContain('has shut down');
  });
});
