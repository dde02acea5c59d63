import { type FederationConfig, type FederationStatus, ProtocolError, sha256Hex } from '@perfit/protocol';
import { type Layout, seededRandom } from '@perfit/protocol/space';
import { Channel } from '../client/channel.ts';
import type { ClientEvent } from '../client/client-event.ts';
import { runClient } from '../client/client-loop.ts';
import type { LocalTuner } from '../client/local-tuner.ts';
import { memoryStore } from '../client/memory-store.ts';
import type { Identity } from '../client/ports.ts';
import { lastMasks, type OwnedMask, withAftermath } from './aftermath.ts';
import { type Fault, Faults } from './fault.ts';
import type { InMemoryConnection } from './in-memory-connection.ts';
import { InMemoryCoordinator, SIMULATED_FEDERATION } from './in-memory-coordinator.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface SimulatedClient {
  /** Unique among the clients; it stands for the key, so that a client is called the same in every run. */
  readonly name: string;
  readonly tuner: LocalTuner;
  /** [PF2] */
  readonly maxDensity?: number;
}

export interface SimulationOptions {
  readonly config: FederationConfig;
  readonly layout: Layout;
  /** They take turns in this order. */
  readonly clients: readonly SimulatedClient[];
  readonly faults?: readonly Fault[];
  /** Milliseconds of a real clock, for `seconds`: nothing else depends on it. */
  readonly stopwatch: () => number;
  readonly signal?: AbortSignal;
}

export interface SimulationEvent {
  readonly client: string;
  readonly event: ClientEvent;
}

/** What a round was to one client. */
export interface SimulatedRound {
  readonly client: string;
  readonly round: number;
  readonly perplexity: {
    readonly base: number;
    readonly received: number;
    readonly tuned: number;
    /** Of what the client would start one more round from: with its last counted round only. */
    readonly after?: number;
  };
  /** The same on the client's validation rows, where it has some. */
  readonly validation?: { readonly received: number; readonly tuned: number; readonly after?: number };
  /** How many numbers it trained: its mask's. */
  readonly trainable: number;
  /** Contents of masks, deltas and slices, as encoded. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** From the offer to the answer, searching and evaluating included. */
  readonly seconds: number;
  /** False where it came too late or was refused. */
  readonly isCounted: boolean;
}

export interface SimulationResult {
  /** Rounds in which a client got as far as to a tuned module, by round and then in the order of the clients. */
  readonly rounds: readonly SimulatedRound[];
  readonly status: FederationStatus;
  /** The last θ_g, [N]. */
  readonly theta: Float32Array;
  /** What each client owned at the end, as far as it got to a mask, in the order of the clients. */
  readonly masks: readonly OwnedMask[];
}

/**
 * A whole federation in one process: the client's own loop on every client, the round machine, codecs, checks and sums
 * of a coordinator, and nothing between them. With tuners that are deterministic it is so itself, to the bit.
 * @throws ProtocolError where the federation cannot go on; whatever a tuner throws
 */
export async function* simulateFederation(
  options: SimulationOptions,
): AsyncGenerator<SimulationEvent, SimulationResult, undefined> {
  const { config, layout, clients } = options;
  const names = clients.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new RangeError('two clients have the same name');
  const ending = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal;
  const events = new Channel<SimulationEvent>();
  const records = new RoundRecords(options.stopwatch);
  const clock = new VirtualClock();
  const stores = new Map(names.map((name) => [name, memoryStore()]));
  const coordinator = await InMemoryCoordinator.open({
    config,
    layout,
    clock,
    faults: new Faults(options.faults ?? []),
    onBytes: (client, round, direction, bytes) => records.addBytes({ client, round }, direction, bytes),
  });

  const live = async (client: SimulatedClient, connection: InMemoryConnection, seed: number) => {
    const { name, tuner, maxDensity } = client;
    let round = 0;
    try {
      const life = runClient({
        connection,
        identity: await standIn(name),
        store: stores.get(name) ?? memoryStore(),
        tuner: async () => tuner,
        federation: SIMULATED_FEDERATION,
        name,
        agent: 'simulation',
        device: { backend: 'cpu', description: 'simulated' },
        shareEvaluation: false,
        ...(maxDensity === undefined ? {} : { maxDensity }),
        clock,
        random: seededRandom(seed),
        signal,
      });
      for await (const event of life) {
        if (event.type === 'round-started') round = event.round;
        records.take(name, event);
        if (event.type === 'problem') coordinator.gaveUp(connection, round);
        events.push({ client: name, event });
      }
    } catch (error) {
      ending.abort(error);
      throw error;
    } finally {
      coordinator.gone(connection);
    }
  };

  const run = async () => {
    const lives: Promise<void>[] = [];
    try {
      for (const [i, client] of clients.entries()) {
        const connection = coordinator.connection();
        const life = live(client, connection, i);
        life.catch(() => {}); // awaited below
        lives.push(life);
        await coordinator.seated(connection, signal);
      }
      await coordinator.conduct(signal);
    } catch (error) {
      ending.abort(error);
      throw error;
    } finally {
      await Promise.allSettled(lives);
    }
  };
  const running = run().finally(() => events.close());
  running.catch(() => {}); // awaited below, perhaps long after it came
  try {
    yield* events;
    await running;
  } finally {
    ending.abort(new Error('nobody listens any more'));
    await running.catch(() => {});
  }
  const { status } = coordinator;
  if (status.state !== 'finished') {
    throw new ProtocolError(
      'federation-ended',
      `The federation ${status.state}: ${status.reason ?? 'no reason given'}`,
    );
  }
  const left = { theta: coordinator.theta, stores };
  const rounds = await withAftermath(records.finished(names), options, left);
  return { rounds, status, theta: coordinator.theta, masks: await lastMasks(options, left) };
}

/** Its "public key" follows from its name: who it is must not change from run to run, and here nobody checks signatures. */
async function standIn(name: string): Promise<Identity> {
  return { publicKey: await sha256Hex(new TextEncoder().encode(name)), sign: async () => 'AAAA' };
}

type Draft = {
  perplexity: { base?: number; received?: number; tuned?: number };
  validation: { received?: number; tuned?: number };
  trainable: number;
  bytesUp: number;
  bytesDown: number;
  startedAt: number;
  seconds: number;
  isCounted: boolean;
};

/** Gathers what the clients' events and bytes say of each round. */
class RoundRecords {
  private readonly drafts = new Map<string, Draft>();
  private readonly current = new Map<string, number>();
  private readonly stopwatch: () => number;

  constructor(stopwatch: () => number) {
    this.stopwatch = stopwatch;
  }

  addBytes(of: { client: string; round: number }, direction: 'up' | 'down', bytes: number): void {
    const draft = this.draft(of.client, of.round);
    if (direction === 'up') draft.bytesUp += bytes;
    else draft.bytesDown += bytes;
  }

  take(client: string, event: ClientEvent): void {
    if (event.type === 'round-started') {
      this.current.set(client, event.round);
      this.draft(client, event.round).startedAt = this.stopwatch();
      return;
    }
    const round = this.current.get(client);
    if (round === undefined) return;
    const draft = this.draft(client, round);
    switch (event.type) {
      case 'mask':
        draft.trainable = event.kept;
        return;
      case 'perplexity':
        draft.perplexity[event.of] = event.value;
        return;
      case 'validation':
        draft.validation[event.of] = event.value;
        return;
      case 'submitted':
        draft.isCounted = true;
        draft.seconds += (this.stopwatch() - draft.startedAt) / 1000;
        return;
      case 'problem':
        draft.seconds += (this.stopwatch() - draft.startedAt) / 1000;
        return;
      default:
        return;
    }
  }

  finished(clients: readonly string[]): SimulatedRound[] {
    const rows: SimulatedRound[] = [];
    const last = Math.max(0, ...[...this.drafts.keys()].map((key) => Number(key.slice(0, key.indexOf(' ')))));
    for (let round = 1; round <= last; round++) {
      for (const client of clients) {
        const draft = this.drafts.get(keyOf(client, round));
        const { base, received, tuned } = draft?.perplexity ?? {};
        if (!draft || base === undefined || received === undefined || tuned === undefined) continue;
        const { trainable, bytesUp, bytesDown, seconds, isCounted } = draft;
        const perplexity = { base, received, tuned };
        const row = { client, round, perplexity, trainable, bytesUp, bytesDown, seconds, isCounted };
        const { received: before, tuned: afterwards } = draft.validation;
        const isValidated = before !== undefined && afterwards !== undefined;
        rows.push({ ...row, ...(isValidated ? { validation: { received: before, tuned: afterwards } } : {}) });
      }
    }
    return rows;
  }

  private draft(client: string, round: number): Draft {
    const key = keyOf(client, round);
    const known = this.drafts.get(key);
    if (known) return known;
    const draft: Draft = {
      perplexity: {},
      validation: {},
      trainable: 0,
      bytesUp: 0,
      bytesDown: 0,
      startedAt: this.stopwatch(),
      seconds: 0,
      isCounted: false,
    };
    this.drafts.set(key, draft);
    return draft;
  }
}

function keyOf(client: string, round: number): string {
  return `${round} ${client}`;
}
