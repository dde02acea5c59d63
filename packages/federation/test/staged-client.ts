import { type FederationConfigInput, federationConfigSchema } from '@perfit/protocol';
import { initialTheta, type Mask, type ModelDimensions, seededRandom } from '@perfit/protocol/space';
import { anyClient, type ScriptedTuner, scriptedTuner } from '@perfit/testkit';
import {
  aggregate,
  type ClientEvent,
  type ClientOptions,
  type ClientStore,
  type Clock,
  generateKeyPair,
  type Identity,
  identityFromKeyPair,
  layoutOf,
  memoryStore,
  runClient,
} from '../src/index.ts';
import { CoordinatorStage, FEDERATION } from './coordinator-stage.ts';

export const dimensions: ModelDimensions = {
  layers: 1,
  width: 4,
  queryWidth: 4,
  keyValueWidth: 2,
  feedForwardWidth: 6,
};

/** f32 on the wire, so that numbers can be compared bit for bit. */
export function configOf(more: Partial<FederationConfigInput> = {}) {
  return federationConfigSchema.parse({
    name: 'A test',
    model: 'none',
    access: 'open',
    lora: { rank: 2 },
    wire: { dtype: 'f32' },
    schedule: roundsOf(1),
    ...more,
  });
}

/** Three rounds of so many clients, which wait for all of them. */
export function roundsOf(clients: number) {
  return { rounds: 3, goal: clients, minimum: clients, recruit: clients };
}

/** A client that has not begun, and the coordinator that it is to join. */
interface Setting {
  readonly coordinator: CoordinatorStage;
  readonly identity: Identity;
  readonly store: ClientStore;
  readonly tuner: ScriptedTuner;
  readonly clock: ReturnType<typeof instantClock>;
  readonly options: (more?: Partial<ClientOptions>) => ClientOptions;
}

export async function setting(
  config = configOf(),
  of: { seed?: number; dimensions?: ModelDimensions } = {},
): Promise<Setting> {
  const layout = layoutOf(config, of.dimensions ?? dimensions);
  return clientOf(await CoordinatorStage.open(config, layout), of.seed ?? 1);
}

export async function clientOf(coordinator: CoordinatorStage, seed: number): Promise<Setting> {
  const identity = await identityFromKeyPair(await generateKeyPair({ extractable: false }));
  const store = memoryStore();
  const tuner = scriptedTuner(coordinator.layout, seed);
  const clock = instantClock();
  const options = (more: Partial<ClientOptions> = {}): ClientOptions => ({
    ...anyClient,
    connection: coordinator.connection(),
    identity,
    store,
    tuner: async () => tuner,
    federation: FEDERATION,
    clock,
    random: seededRandom(seed),
    ...more,
  });
  return { coordinator, identity, store, tuner, clock, options };
}

/** One client, one round, and a delta of more than one chunk. */
export function settingOfManyChunks(): Promise<Setting> {
  const config = configOf({
    lora: { rank: 16 },
    schedule: { ...roundsOf(1), rounds: 1 },
    maxDeltaNorm: 1e6,
  });
  const wide = { layers: 1, width: 256, queryWidth: 256, keyValueWidth: 256, feedForwardWidth: 1024 };
  return setting(config, { dimensions: wide });
}

/** Time passes only when somebody sleeps, and then at once. */
function instantClock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (milliseconds, signal) => {
      slept.push(milliseconds);
      now += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
}

/** Lives a client's whole life. The next event is taken when the test is done with one; the client does not wait for that. */
export async function collect(
  options: ClientOptions,
  onEvent: (event: ClientEvent) => void | Promise<void> = () => {},
): Promise<ClientEvent[]> {
  const events: ClientEvent[] = [];
  for await (const event of runClient(options)) {
    events.push(event);
    await onEvent(event);
  }
  return events;
}

/** Those of one type. */
export function of<T extends ClientEvent['type']>(
  events: readonly ClientEvent[],
  type: T,
): Extract<ClientEvent, { type: T }>[] {
  return events.filter((event): event is Extract<ClientEvent, { type: T }> => event.type === type);
}

/** What a hook throws to end a client as a crash does. */
export class TabGone extends Error {
  constructor() {
    super('the tab is gone');
  }
}

/** False where the tab crashed on the way. */
export async function outlives(options: ClientOptions): Promise<boolean> {
  try {
    return (await collect(options)).at(-1)?.type === 'finished';
  } catch (error) {
    if (error instanceof TabGone) return false;
    throw error;
  }
}

/** PerFIT as written, one client after the other, without a network. */
export async function byHand(tuners: ScriptedTuner[], rounds: number, receive: 'owned' | 'all'): Promise<Float32Array> {
  const layout = (tuners[0] as ScriptedTuner).layout;
  let global = initialTheta(layout, 1);
  const masks: Mask[] = [];
  for (const tuner of tuners)
    masks.push((await finish(tuner.search({ theta: global }, { density: 0.5 } as never))).mask);
  for (let round = 1; round <= rounds; round++) {
    const submissions = [];
    for (const [i, tuner] of tuners.entries()) {
      const mask = masks[i] as Mask;
      const start = receive === 'all' ? global : mask.apply(global);
      const { theta } = await finish(tuner.tune({ theta: start, mask }, {} as never));
      const before = mask.pack(start);
      const delta = mask.pack(theta).map((value, at) => value - (before[at] as number));
      submissions.push({ mask, delta, weight: tuner.examples.training });
    }
    global = aggregate(global, submissions);
  }
  return global;
}

async function finish<R>(work: AsyncGenerator<unknown, R>): Promise<R> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}

/** What one client with the tuner of seed 1 comes to in three rounds. */
export function alone(coordinator: CoordinatorStage): Promise<Float32Array> {
  return byHand([scriptedTuner(coordinator.layout, 1)], 3, 'owned');
}

/** The largest distance at any one position. */
export function distance(one: Float32Array, other: Float32Array): number {
  return one.reduce((largest, value, p) => Math.max(largest, Math.abs(value - (other[p] as number))), 0);
}
