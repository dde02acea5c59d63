import { type FederationStatus, ProtocolError } from '@perfit/protocol';
import { Channel } from '../client/channel.ts';
import { runClient } from '../client/client-loop.ts';
import { memoryStore } from '../client/memory-store.ts';
import type { Clock, Identity } from '../client/ports.ts';
import { isPassing } from '../client/session.ts';
import { SerialQueue } from '../coordinator/serial-queue.ts';
import { Faults } from './fault.ts';
import { lastMasks, withFinalEvaluation } from './final-evaluation.ts';
import { RoundRecords } from './round-records.ts';
import type { SimulatedClient, SimulationEvent, SimulationOptions, SimulationResult } from './simulation.ts';
import type { Line, TurnConnection } from './turn-connection.ts';
import { type TurnHost, TurnTaker } from './turn-taker.ts';

/** Where a federation is played: a coordinator of this process, and how clients come to it. */
export interface Stage extends TurnHost {
  readonly federation: string;
  readonly invite?: string | undefined;
  /** What the clients call themselves. */
  readonly agent: string;
  /** The clients'. */
  readonly clock: Clock;
  /** Of the n-th client, uniform in [0, 1). */
  random(index: number): () => number;
  identity(name: string): Promise<Identity>;
  line(): Line;
  start(): Promise<void>;
  /** Once the federation has ended. */
  status(): Promise<FederationStatus>;
  /** θ_g as it was committed. @returns [N], not to be written to */
  theta(version: number): Promise<Float32Array>;
}

/**
 * A whole federation, from its first client to the last evaluation: the client's own loop on every client, in turns.
 * @throws ProtocolError where the federation cannot go on; whatever a tuner throws
 */
export async function* playFederation(
  options: SimulationOptions,
  stage: Stage,
): AsyncGenerator<SimulationEvent, SimulationResult, undefined> {
  const { clients } = options;
  const names = clients.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new RangeError('two clients have the same name');
  const ending = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal;
  const events = new Channel<SimulationEvent>();
  const records = new RoundRecords(options.stopwatch);
  const stores = new Map(names.map((name) => [name, memoryStore()]));
  /** One tuning is in memory at a time, also after the last round. */
  const ends = new SerialQueue();
  const turns = new TurnTaker(stage, new Faults(options.faults ?? []));

  const live = async (client: SimulatedClient, connection: TurnConnection, index: number) => {
    const { name, tuner, maxDensity } = client;
    let round = 0;
    try {
      const life = runClient({
        connection,
        identity: await stage.identity(name),
        store: stores.get(name) ?? memoryStore(),
        tuner: async () => tuner,
        federation: stage.federation,
        ...(stage.invite ? { invite: stage.invite } : {}),
        name,
        agent: stage.agent,
        device: { backend: 'cpu', description: 'simulated' },
        shareEvaluation: false,
        ...(maxDensity === undefined ? {} : { maxDensity }),
        ...(options.twin ? { twin: 'end' } : {}),
        inTurn: (work) => ends.run(work),
        clock: stage.clock,
        random: stage.random(index),
        signal,
      });
      for await (const event of life) {
        if (event.type === 'round-started') round = event.round;
        records.take(name, event);
        if (event.type === 'problem' && !isPassing(event.error)) turns.gaveUp(connection, round);
        events.push({ client: name, event });
      }
    } catch (error) {
      ending.abort(error);
      throw error;
    } finally {
      turns.gone(connection);
    }
  };

  const run = async () => {
    const lives: Promise<void>[] = [];
    try {
      for (const [i, client] of clients.entries()) {
        const { name } = client;
        const connection = turns.connection(name, stage.line(), (round, direction, bytes) =>
          records.addBytes({ client: name, round }, direction, bytes),
        );
        const life = live(client, connection, i);
        life.catch(() => {}); // awaited below
        lives.push(life);
        await turns.seated(connection, signal);
      }
      await stage.settled();
      await stage.start();
      await turns.conduct(signal);
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
  const status = await stage.status();
  if (status.state !== 'finished') {
    const text = `The federation ${status.state}: ${status.reason ?? 'no reason given'}`;
    throw new ProtocolError('federation-ended', text);
  }
  const theta = await stage.theta(status.version);
  const left = { theta, stores, federation: stage.federation };
  const rounds = await withFinalEvaluation(records.finished(names), options, left);
  return { rounds, status, theta, steps: await stepsOf(stage, status.version), masks: await lastMasks(options, left) };
}

/** How far each commit moved θ_g: ‖θ_g of one version − that of the one before‖₂. */
async function stepsOf(stage: Stage, versions: number): Promise<number[]> {
  const steps: number[] = [];
  let before = await stage.theta(0);
  for (let version = 1; version <= versions; version++) {
    const theta = await stage.theta(version);
    let squares = 0;
    for (let p = 0; p < theta.length; p++) squares += ((theta[p] as number) - (before[p] as number)) ** 2;
    steps.push(Math.sqrt(squares));
    before = theta;
  }
  return steps;
}
