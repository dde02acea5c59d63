import { type FederationConfig, type FederationStatus, ProtocolError, sha256Hex } from '@perfit/protocol';
import { type Layout, seededRandom } from '@perfit/protocol/space';
import type { LocalTuner } from '@perfit/protocol/tuner';
import { Channel } from '../client/channel.ts';
import type { ClientEvent } from '../client/client-event.ts';
import { runClient } from '../client/client-loop.ts';
import { memoryStore } from '../client/memory-store.ts';
import type { Identity } from '../client/ports.ts';
import { type Fault, Faults } from './fault.ts';
import { lastMasks, type OwnedMask, withFinalEvaluation } from './final-evaluation.ts';
import type { LocalConnection } from './local-connection.ts';
import { LocalCoordinator, SIMULATED_FEDERATION } from './local-coordinator.ts';
import { RoundRecords, type SimulatedRound } from './round-records.ts';
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
  const coordinator = await LocalCoordinator.open({
    config,
    layout,
    clock,
    faults: new Faults(options.faults ?? []),
    onBytes: (client, round, direction, bytes) => records.addBytes({ client, round }, direction, bytes),
  });

  const live = async (client: SimulatedClient, connection: LocalConnection, seed: number) => {
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
  const theta = await coordinator.theta();
  await coordinator.close();
  if (status.state !== 'finished') {
    throw new ProtocolError(
      'federation-ended',
      `The federation ${status.state}: ${status.reason ?? 'no reason given'}`,
    );
  }
  const left = { theta, stores, federation: SIMULATED_FEDERATION };
  const rounds = await withFinalEvaluation(records.finished(names), options, left);
  return { rounds, status, theta, masks: await lastMasks(options, left) };
}

/** Its "public key" follows from its name: who it is must not change from run to run, and here nobody checks signatures. */
async function standIn(name: string): Promise<Identity> {
  return { publicKey: await sha256Hex(new TextEncoder().encode(name)), sign: async () => 'AAAA' };
}
