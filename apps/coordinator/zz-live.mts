import { mkdtempSync } from 'node:fs';
import { io } from 'socket.io-client';
import { createCoordinator } from './src/index.ts';
import { aggregate, generateKeyPair, identityFromKeyPair, layoutOf, memoryStore, runClient, socketConnection, systemClock as _ } from '@perfit/federation';
import { federationConfigSchema } from '@perfit/protocol';
import { initialTheta, seededRandom } from '@perfit/protocol/space';
import { fakeTuner } from '../../packages/federation/test/fake-tuner.ts';
const dims = { layers: 4, width: 128, queryWidth: 128, keyValueWidth: 64, feedForwardWidth: 384 };
const c = await createCoordinator({ dataDirectory: mkdtempSync('/tmp/co-'), modelsDirectory: '../../models', host: '127.0.0.1', port: 0 });
const clock = { now: () => performance.now(), sleep: (ms: number, s?: AbortSignal) => new Promise<void>((ok, no) => { const t = setTimeout(ok, ms); s?.addEventListener('abort', () => { clearTimeout(t); no(s.reason); }); }) };
for (const strategy of process.argv.slice(2)) {
  const input = { name: 'x', model: 'perfit-nano', strategy, access: 'open', maxDeltaNorm: 1e5, wire: { dtype: 'f32' }, schedule: { rounds: 3, goal: 2, minimum: 2, recruit: 2 } } as const;
  const config = federationConfigSchema.parse(input);
  const layout = layoutOf(config, dims);
  const { id } = await c.createFederation(input as never, { start: true });
  const one = async (seed: number) => {
    const identity = await identityFromKeyPair(await generateKeyPair({ extractable: false }));
    const socket = io(c.url, { transports: ['websocket'], forceNew: true });
    let bytes = { up: 0, down: 0 };
    const connection = socketConnection(socket as never, (e) => { bytes[e.direction] += e.bytes; });
    const tuner = fakeTuner(layout, seed);
    let drops = 0;
    tuner.onStep = (s) => { if (s === 3 && seed === 1 && drops++ < 2) socket.io.engine.close(); };
    const seen: string[] = [];
    for await (const e of runClient({ connection, identity, store: memoryStore(), tuner: async () => tuner, federation: id, name: `c${seed}`, agent: 't', device: { backend: 'cpu', description: 'd' }, shareEvaluation: true, clock, random: Math.random })) {
      if (e.type === 'problem') console.log('problem', seed, e.error.code, e.error.message);
      if (!['tuning', 'transfer', 'search', 'perplexity', 'status'].includes(e.type)) seen.push(e.type + ('state' in e ? ':' + e.state : ''));
    }
    return { seen: seen.join(' '), bytes };
  };
  const t0 = performance.now();
  const results = await Promise.all([one(1), one(2)]);
  console.log(strategy, (performance.now() - t0).toFixed(0), 'ms'); for (const r of results) console.log('  ', r.seen, r.bytes);
  const theta = await c.globalTheta(id);
  const t0s = initialTheta(layout, config.seed);
  console.log('   moved', theta.reduce((m, v, p) => Math.max(m, Math.abs(v - t0s[p]!)), 0), (await c.detail(id)).status.state);
}
await c.close();
process.exit(0);
