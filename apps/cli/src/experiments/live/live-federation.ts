import { setTimeout as wait } from 'node:timers/promises';
import {
  type ClientEvent,
  type Clock,
  generateKeyPair,
  identityFromKeyPair,
  playFederation,
  type SimulationOptions,
  type SimulationResult,
  type Stage,
  socketConnection,
} from '@perfit/federation';
import type { FederationConfig, FederationCreated } from '@perfit/protocol';
import { io } from 'socket.io-client';
import { type Host, openHost } from './host.ts';

export interface LiveOptions extends SimulationOptions {
  /** The base model's folder, from which the coordinator knows the layout. */
  readonly model: string;
  readonly onEvent: (client: string, event: ClientEvent) => void;
}

/**
 * The longest deadline that there is. Clients of one process compute one after another, and how long that takes is no
 * trait of a client: only whoever gives turns lets a deadline pass.
 */
const DEADLINE_SECONDS = 604_800;
/** What is on its way over the machine's own network has come by then. */
const COMES_ABOUT_WITHIN_MS = 10_000;

/**
 * The same federation as `simulateFederation` plays, with a coordinator as `perfit serve` runs it: sockets, signatures,
 * database and disk, for the time of this one.
 * @throws ProtocolError where the federation cannot go on; whatever a tuner throws
 */
export async function playLive(options: LiveOptions): Promise<SimulationResult> {
  const host = await openHost(options.model);
  try {
    const operator = await host.logIn();
    const federation = await operator.create(unhurried(options.config));
    const playing = playFederation(options, stageOf(host, federation));
    for (;;) {
      const next = await playing.next();
      if (next.done) return next.value;
      options.onEvent(next.value.client, next.value.event);
    }
  } finally {
    await host.close();
  }
}

function stageOf({ coordinator, clock, logIn }: Host, { id, invite }: FederationCreated): Stage {
  const state = () => coordinator.roundState(id);
  return {
    federation: id,
    invite: invite ?? undefined,
    agent: 'perfit-cli live simulation',
    clock: realTime,
    random: () => Math.random,
    identity: async () => identityFromKeyPair(await generateKeyPair({ extractable: false })),
    line: () => {
      const socket = io(coordinator.url, {
        transports: ['websocket'],
        autoConnect: false,
        reconnection: false,
        forceNew: true,
      });
      return { connection: socketConnection(socket), break: () => void socket.io.engine.close() };
    },
    start: async () => (await logIn()).act(id, 'start').then(() => {}),
    state,
    async settled(comesAbout = () => true) {
      for (const until = Date.now() + COMES_ABOUT_WITHIN_MS; ; ) {
        // What has been sent is read in the next turns of the event loop.
        await wait(1);
        await coordinator.settled(id);
        if (comesAbout(state()) || Date.now() > until) return;
      }
    },
    passTo: (instant) => clock.pass(Math.max(0, instant - clock.now() + 1)),
    status: async () => (await (await logIn()).detail(id)).status,
    theta: (version) => coordinator.globalTheta(id, version),
  };
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
