import { sha256Hex } from '@perfit/protocol';
import { seededRandom } from '@perfit/protocol/space';
import type { Identity } from '../client/ports.ts';
import { LocalCoordinator, SIMULATED_FEDERATION } from './local-coordinator.ts';
import { playFederation } from './play-federation.ts';
import type { SimulationEvent, SimulationOptions, SimulationResult } from './simulation.ts';
import { VirtualClock } from './virtual-clock.ts';

/**
 * A whole federation in one process: the client's own loop on every client, the coordinator's own core, and nothing between
 * them. With tuners that are deterministic it is so itself, to the bit.
 * @throws ProtocolError where the federation cannot go on; whatever a tuner throws
 */
export async function* simulateFederation(
  options: SimulationOptions,
): AsyncGenerator<SimulationEvent, SimulationResult, undefined> {
  const { config, layout } = options;
  const clock = new VirtualClock();
  const coordinator = await LocalCoordinator.open({ config, layout, clock });
  try {
    return yield* playFederation(options, {
      federation: SIMULATED_FEDERATION,
      agent: 'simulation',
      clock,
      random: seededRandom,
      identity: standIn,
      line: () => coordinator.line(),
      start: () => coordinator.start(),
      state: () => coordinator.state(),
      settled: () => coordinator.settled(),
      passTo: (instant) => coordinator.passTo(instant),
      status: async () => coordinator.status,
      theta: (version) => coordinator.theta(version),
    });
  } finally {
    await coordinator.close();
  }
}

/** Its "public key" follows from its name: who it is must not change from run to run, and here nobody checks signatures. */
async function standIn(name: string): Promise<Identity> {
  return { publicKey: await sha256Hex(new TextEncoder().encode(name)), sign: async () => 'AAAA' };
}
