import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientEvent } from '@perfit/federation';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { writeTinyModel } from '../../../../../e2e/specs/tiny-model.ts';
import { type Cell, ExperimentRunner, planExperiment, type RunMode } from '../experiment.ts';
import type { ResultRow } from '../results.ts';
import { parseSimulationConfig } from '../simulation-config.ts';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'perfit-live-test-'));
writeTinyModel(join(folder, 'models', 'tiny'), join(root, 'models', 'perfit-nano'));
// Where coordinators put their data: nobody else's traces are in it.
vi.stubEnv('TMPDIR', folder);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const text = `
name: tiny
model: models/tiny
lora: { rank: 2, targets: [q_proj, v_proj] }
search: { warmupEpochs: 1, iterations: 2, batches: 1 }
tuning: { epochs: 1, batchSize: 4, maxLength: 24, learningRate: 0.005 }
schedule: { rounds: 2, settleSeconds: 600 }
strategies: [perfit]
budgets: { doctors-reception: 0.1 }
data:
  files: [${['bakers-shop', 'bicycle-workshop', 'doctors-reception'].map((name) => `${root}samples/${name}.jsonl`).join(', ')}]
  train: 8
  heldOut: 4
`;

interface Run {
  readonly rows: readonly ResultRow[];
  readonly events: readonly { client: string; event: ClientEvent }[];
}

async function run(
  yaml: string,
  mode: RunMode,
  onEvent: (event: ClientEvent) => void = () => {},
  signal?: AbortSignal,
): Promise<Run> {
  const config = parseSimulationConfig(join(folder, 'tiny.yaml'), yaml);
  const plan = await planExperiment(config, 'wasm', mode);
  const runner = await ExperimentRunner.start(config, 'wasm');
  const events: { client: string; event: ClientEvent }[] = [];
  try {
    const onWork = (_: number, client: string, event: ClientEvent) => {
      events.push({ client, event });
      onEvent(event);
    };
    const { rows } = await runner.run(plan, plan.cells[0] as Cell, { onWork, ...(signal ? { signal } : {}) });
    return { rows, events };
  } finally {
    runner.close();
  }
}

/** Clients take their turns in the same order: the same figures, to the bit. */
function expectSame(live: readonly ResultRow[], simulated: readonly ResultRow[]): void {
  const figures = (rows: readonly ResultRow[]) => rows.map(({ seconds: _, ...row }) => row);
  expect(figures(live)).toEqual(figures(simulated));
}

describe('an experiment with a real coordinator', { timeout: 240_000 }, () => {
  it('[PF2] [RD4] [UP5] gives the figures of the simulation, budgets and faults included, and leaves nothing behind', async () => {
    const faults = `faults:
  - { client: bakers-shop, round: 1, kind: dropout }
  - { client: doctors-reception, round: 2, kind: straggler }
`;
    const [simulated, live] = [await run(text + faults, 'memory'), await run(text + faults, 'live')];
    expectSame(live.rows, simulated.rows);
    expect(readdirSync(folder)).toEqual(['models']);

    const own = (client: string) => live.rows.filter((row) => row.client === client);
    expect(own('bakers-shop').map(({ round }) => round)).toEqual([2]);
    expect(own('doctors-reception')[0]?.trainable).toBeLessThan((own('bicycle-workshop')[0]?.trainable ?? 0) / 3);
    const of = (kind: ClientEvent['type']) => live.events.filter(({ event }) => event.type === kind);
    // The last round: when it has closed, the federation is over.
    expect(of('problem')).toMatchObject([
      { client: 'doctors-reception', event: { error: { code: 'federation-ended' } } },
    ]);
    expect(of('connection').filter(({ event }) => 'state' in event && event.state === 'lost')).toMatchObject([
      { client: 'bakers-shop' },
    ]);
    expect(of('finished')).toHaveLength(3);
  });

  it('stops when it is told to, and leaves nothing behind', async () => {
    const stopping = new AbortController();
    const stop = (event: ClientEvent) => event.type === 'round-started' && stopping.abort(new Error('stopped by hand'));
    await expect(run(text, 'live', stop, stopping.signal)).rejects.toThrow('stopped by hand');
    expect(readdirSync(folder)).toEqual(['models']);
  });

  it('is another cell than the same one in memory', async () => {
    const config = parseSimulationConfig(join(folder, 'tiny.yaml'), text);
    const [memory, live] = [await planExperiment(config, 'wasm'), await planExperiment(config, 'wasm', 'live')];
    expect(live.cells[0]?.fingerprint).not.toBe(memory.cells[0]?.fingerprint);
  });
});
