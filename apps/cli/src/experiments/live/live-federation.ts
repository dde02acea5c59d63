import { setTimeout as wait } from 'node:timers/promises';
import {
  type ClientEvent,
  type ClientStore,
  type Clock,
  Faults,
  generateKeyPair,
  identityFromKeyPair,
  isPassing,
  lastMasks,
  memoryStore,
  RoundRecords,
  runClient,
  type SimulatedClient,
  type SimulationOptions,
  type SimulationResult,
  socketConnection,
  withFinalEvaluation,
} from '@perfit/federation';
import { type FederationConfig, type FederationCreated, type FederationStatus, ProtocolError } from '@perfit/protocol';
import type { AdminClient } from '@perfit/protocol/admin';
import { io } from 'socket.io-client';
import { ConductedConnection } from './conducted-connection.ts';
import { Conductor } from './conductor.ts';
import { type Host, openHost } from './host.ts';
import { Turnstile, takingTurns } from './taking-turns.ts';

export interface LiveOptions extends SimulationOptions {
  /** The base model's folder, from which the coordinator knows the layout. */
  readonly model: string;
  readonly onEvent: (client: string, event: ClientEvent) => void;
}

/**
 * The longest deadline that there is. Clients of one process compute one after another, and how long that takes is no
 * trait of a client: only the conductor lets a deadline pass.
 */
const DEADLINE_SECONDS = 604_800;
/** [UP5] By so much a straggler is late. */
const LATE_MS = 1_000;

/**
 * The same federation as `simulateFederation` plays, with a coordinator as `perfit serve` runs it: sockets, signatures,
 * database and disk, for the time of this one. Sums are added as deltas come, so that numbers differ in their last bits.
 * @throws ProtocolError where the federation cannot go on; whatever a tuner throws
 */
export async function playLive(options: LiveOptions): Promise<SimulationResult> {
  const host = await openHost(options.model);
  try {
    return await playAt(host, options);
  } finally {
    await host.close();
  }
}

async function playAt(host: Host, options: LiveOptions): Promise<SimulationResult> {
  const { config, clients, faults = [], signal, stopwatch } = options;
  const operator = await host.logIn();
  const federation = await operator.create(unhurried(config));
  await operator.act(federation.id, 'start');

  const names = clients.map(({ name }) => name);
  const records = new RoundRecords(stopwatch);
  const stores = new Map(names.map((name) => [name, memoryStore()]));
  const conductor = new Conductor({
    clients: names,
    goal: config.schedule.goal,
    faults: new Faults(faults),
    passDeadline: () => host.letPass(DEADLINE_SECONDS * 1000 + LATE_MS),
  });
  await playAll(clients, { ...options, url: host.url, federation, conductor, records, stores });

  signal?.throwIfAborted();
  // The clock may have moved on behind the session's end.
  const later = await host.logIn();
  const status = await finishedStatus(later, federation.id);
  // float32, little-endian, as every machine is that this runs on.
  const theta = new Float32Array(await later.theta(federation.id));
  const ending = { theta, stores, federation: federation.id };
  const rounds = await withFinalEvaluation(records.finished(names), options, ending);
  return { rounds, status, theta, masks: await lastMasks(options, ending) };
}

interface Play extends LiveOptions {
  readonly url: string;
  readonly federation: FederationCreated;
  readonly conductor: Conductor;
  readonly records: RoundRecords;
  readonly stores: ReadonlyMap<string, ClientStore>;
}

/** All at once, each by a socket of its own; where one breaks, the others leave. */
async function playAll(clients: readonly SimulatedClient[], play: Play): Promise<void> {
  const ending = new AbortController();
  const signal = play.signal ? AbortSignal.any([play.signal, ending.signal]) : ending.signal;
  const turnstile = new Turnstile();
  const lives = clients.map((client) =>
    live(client, { ...play, signal, turnstile }).catch((error: unknown) => {
      ending.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(lives);
  ending.signal.throwIfAborted();
}

async function live(
  client: SimulatedClient,
  play: Play & { readonly signal: AbortSignal; readonly turnstile: Turnstile },
): Promise<void> {
  const { name, maxDensity } = client;
  const { url, federation, conductor, records, stores, signal } = play;
  const socket = io(url, {
    transports: ['websocket'],
    autoConnect: false,
    reconnection: false,
    forceNew: true,
  });
  const connection = new ConductedConnection({
    client: name,
    inner: socketConnection(socket),
    breakLine: () => socket.io.engine.close(),
    conductor,
    onBytes: (round, direction, bytes) => records.addBytes({ client: name, round }, direction, bytes),
    signal,
  });
  const tuner = takingTurns(client.tuner, play.turnstile);
  const life = runClient({
    connection,
    identity: await identityFromKeyPair(await generateKeyPair({ extractable: false })),
    store: stores.get(name) ?? memoryStore(),
    tuner: async () => tuner,
    federation: federation.id,
    ...(federation.invite ? { invite: federation.invite } : {}),
    name,
    agent: 'perfit-cli live simulation',
    device: { backend: 'cpu', description: 'simulated' },
    shareEvaluation: false,
    ...(maxDensity === undefined ? {} : { maxDensity }),
    clock: realTime,
    random: Math.random,
    signal,
  });
  let round = 0;
  try {
    for await (const event of life) {
      if (event.type === 'round-started') round = event.round;
      records.take(name, event);
      if (event.type === 'problem' && !isPassing(event.error)) conductor.gaveUp(name, round);
      play.onEvent(name, event);
    }
  } finally {
    conductor.gone(name);
  }
}

async function finishedStatus(operator: AdminClient, federation: string): Promise<FederationStatus> {
  const { status } = await operator.detail(federation);
  if (status.state !== 'finished') {
    const text = `The federation ${status.state}: ${status.reason ?? 'no reason given'}`;
    throw new ProtocolError('federation-ended', text);
  }
  return status;
}

function unhurried(config: FederationConfig): FederationConfig {
  return { ...config, schedule: { ...config.schedule, deadlineSeconds: DEADLINE_SECONDS } };
}

const realTime: Clock = {
  now: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    await wait(milliseconds, undefined, signal ? { signal } : {});
  },
};
