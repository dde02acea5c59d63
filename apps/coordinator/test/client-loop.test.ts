import {
  generateKeyPair,
  identityFromKeyPair,
  type LocalTuner,
  layoutOf,
  memoryStore,
  runClient,
  socketConnection,
  strategyOf,
} from '@perfit/federation';
import type { FederationConfigInput, StrategyName } from '@perfit/protocol';
import { type Layout, Mask, seededRandom } from '@perfit/protocol/space';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seed } from '../../../testing/seed.ts';
import type { Coordinator } from '../src/index.ts';
import { tinyDimensions } from './scripted-client.ts';
import { type Folders, makeFolders, smallFederation, startCoordinator } from './stage.ts';

let folders: Folders;
let coordinator: Coordinator;

beforeAll(async () => {
  folders = await makeFolders();
  coordinator = await startCoordinator(folders);
}, 120_000);

afterAll(async () => {
  await coordinator.close();
  await folders.remove();
});

/** What searches were told of owners, in the order in which they began. */
const sharesHeard: Float32Array[] = [];

/** A tuner whose every step moves what it owns towards one number. */
function walkingTuner(layout: Layout, goal: number): LocalTuner {
  return {
    layout,
    examples: { training: 20, heldOut: 5, validation: 0 },
    measureSpeed: async () => 100,
    perplexity: async (theta) =>
      1 + Math.abs(goal - (theta?.reduce((sum, value) => sum + value, 0) ?? 0) / layout.size),
    async *search({ theta }, { density, prior }) {
      if (prior) sharesHeard.push(prior.owners);
      const kept = Math.round(density * layout.size);
      yield { kind: 'prune', iteration: 1, iterations: 1, kept };
      const first = goal > 0 ? 0 : layout.size - kept;
      return { mask: Mask.from(layout.size, (p) => p >= first && p < first + kept), warm: theta };
    },
    async *tune({ theta, mask }) {
      yield { kind: 'step', epoch: 1, step: 1, steps: 1, loss: 1, tokens: 10 };
      const tuned = theta.map((value, p) => (mask.has(p) ? (value + goal) / 2 : value));
      return { theta: tuned, steps: 1, loss: 0.5 };
    },
  };
}

async function participant(federation: string, invite: string | null, goal: number): Promise<string[]> {
  const socket = io(coordinator.url, {
    transports: ['websocket'],
    forceNew: true,
    autoConnect: false,
    reconnection: false,
  });
  const kinds: string[] = [];
  const events = runClient({
    connection: socketConnection(socket),
    identity: await identityFromKeyPair(await generateKeyPair({ extractable: false })),
    store: memoryStore(),
    tuner: async ({ config }) => walkingTuner(layoutOf(config, tinyDimensions), goal),
    federation,
    ...(invite ? { invite } : {}),
    name: `walks to ${goal}`,
    agent: 'test',
    device: { backend: 'cpu', description: 'a test' },
    shareEvaluation: true,
    clock: {
      now: () => performance.now(),
      sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
    },
    random: seededRandom(seed),
  });
  for await (const event of events) {
    if (event.type === 'problem') throw event.error;
    kinds.push(event.type === 'transfer' ? `${event.direction} ${event.kind}` : event.type);
  }
  return kinds;
}

describe('the client’s loop and the coordinator', () => {
  const strategies: StrategyName[] = [
    'perfit',
    'fedit',
    'fedit+ft',
    'local',
    'random-mask',
    'sub-fedavg',
    'ffa',
    'fedsa',
  ];
  it.each([
    ...strategies.map((strategy) => [strategy, 'f16'] as const),
    ['perfit', 'int8'] as const,
    ['local', 'int8'] as const,
  ])('finish a federation together: %s in %s', async (strategy, dtype) => {
    const config: FederationConfigInput = { ...smallFederation, strategy, wire: { dtype } };
    const { id, invite } = await coordinator.createFederation(config, { start: true });
    const lives = await Promise.all([participant(id, invite, 1), participant(id, invite, -0.5)]);
    for (const kinds of lives) {
      expect(kinds.filter((kind) => kind === 'submitted')).toHaveLength(2);
      expect(kinds.at(-1)).toBe('finished');
    }
    const detail = await coordinator.detail(id);
    expect(detail.status).toMatchObject({ state: 'finished', version: 2 });
    expect(detail.rounds.map((round) => round.submissions.length)).toEqual([2, 2]);
    const [before, after] = [await coordinator.globalTheta(id, 0), await coordinator.globalTheta(id, 2)];
    const moved = after.filter((value, p) => value !== before[p]).length;
    const exchanges = strategyOf(strategy).exchanged(layoutOf(detail.config, tinyDimensions), Mask.full(after.length), {
      config: detail.config,
      round: 1,
    }).kept;
    expect(moved > 0).toBe(exchanges > 0);
  });

  it('[PF3] search after a shared round with the shares of its owners', async () => {
    const search = { sharedRounds: 1, density: 0.25, prior: 3 };
    const config: FederationConfigInput = { ...smallFederation, search, wire: { dtype: 'int8' } };
    const { id, invite } = await coordinator.createFederation(config, { start: true });
    const lives = await Promise.all([participant(id, invite, 1), participant(id, invite, -0.5)]);
    for (const kinds of lives) {
      expect(kinds.filter((kind) => kind === 'down owners')).toHaveLength(1);
      expect(kinds.at(-1)).toBe('finished');
    }
    // Both owned the first of the four ranks.
    const { size, rank } = layoutOf((await coordinator.detail(id)).config, tinyDimensions);
    for (const shares of sharesHeard) {
      expect(shares.length).toBe(size);
      expect(new Set(shares)).toEqual(new Set([0, 1]));
      expect(shares.filter((share) => share === 1).length).toBe(size / rank);
    }
    expect(sharesHeard).toHaveLength(2);
  });
});
