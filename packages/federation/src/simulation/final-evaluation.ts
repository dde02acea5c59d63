import { decodeValues, downDtype, encodeValues, type FederationConfig } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import type { ClientRecord, ClientStore } from '../client/ports.ts';
import { strategyOf } from '../strategy/registry.ts';
import type { LocalCoordinatorParts } from './local-coordinator.ts';
import type { SimulatedRound } from './round-records.ts';
import type { OwnedMask, SimulatedClient, SimulationOptions } from './simulation.ts';

/** What the last commit left, and what every client knew then. */
export interface Ending {
  /** The last θ_g, [N]. */
  readonly theta: Float32Array;
  readonly stores: ReadonlyMap<string, ClientStore>;
  /** What the federation is called in them. */
  readonly federation: string;
}

/** By the clients' own records: the coordinator knows only what is exchanged. In the order of the clients. */
export async function lastMasks(
  { clients }: Pick<SimulationOptions, 'clients'>,
  { stores, federation }: Ending,
): Promise<OwnedMask[]> {
  const masks: OwnedMask[] = [];
  for (const { name } of clients) {
    const record = await stores.get(name)?.load(federation);
    if (record?.mask) masks.push({ client: name, mask: record.mask });
  }
  return masks;
}

/**
 * `perplexity.after` on every client's last counted round: how good it is what the client would start one more round
 * from. For a strategy that leaves its clients with the global adapter, this is the method's result.
 * @returns the rounds in their order; those without an `after` as they were
 */
export async function withFinalEvaluation(
  rounds: readonly SimulatedRound[],
  options: SimulationOptions,
  ending: Ending,
): Promise<SimulatedRound[]> {
  const last = new Map<string, SimulatedRound>();
  for (const row of rounds) if (row.isCounted) last.set(row.client, row);
  const completed = new Map<SimulatedRound, SimulatedRound>();
  for (const client of options.clients) {
    const row = last.get(client.name);
    if (row) completed.set(row, await withAfter(client, row, { ...options, ending }));
  }
  return rounds.map((row) => completed.get(row) ?? row);
}

async function withAfter(
  { name, tuner }: SimulatedClient,
  row: SimulatedRound,
  { config, layout, signal, ending }: SimulationOptions & { ending: Ending },
): Promise<SimulatedRound> {
  const record = await ending.stores.get(name)?.load(ending.federation);
  if (!record?.mask || !record.tuned) throw new Error(`${name} took part in round ${row.round} and kept nothing of it`);
  const next = nextStart({ config, layout }, ending.theta, record as ClientRecord & { mask: Mask });
  const isAsTuned = record.tuned.round === row.round && isSame(next, record.tuned.theta);
  const { perplexity, validation } = row;
  const after = isAsTuned ? perplexity.tuned : await tuner.perplexity(next, signal);
  const completed = { ...row, perplexity: { ...perplexity, after } };
  if (!validation) return completed;
  const validated = isAsTuned ? validation.tuned : await tuner.perplexity(next, signal, 'validation');
  return { ...completed, validation: { ...validation, after: validated } };
}

/**
 * [PF7] What a client would start the round after the last one from, with the mask that it has and what the wire
 * leaves of θ_g.
 * @param theta the last θ_g, [N]   @returns [N]
 */
export function nextStart(
  { config, layout }: Pick<LocalCoordinatorParts, 'config' | 'layout'>,
  theta: Float32Array,
  { mask: owned, tuned }: Pick<ClientRecord, 'tuned'> & { readonly mask: Mask },
): Float32Array {
  const strategy = strategyOf(config.strategy);
  const at = { config, round: config.schedule.rounds + 1 };
  const exchanged = strategy.exchanged(layout, owned, at);
  return strategy.start({
    ...at,
    layout,
    owned,
    received: received(theta, exchanged, config),
    previous: tuned?.theta ?? null,
    warm: null,
  });
}

/** As a client receives it: nothing where nothing is exchanged, else its slice or all of it, rounded by the wire. */
function received(theta: Float32Array, exchanged: Mask, config: FederationConfig): Float32Array {
  const { strategy, wire } = config;
  if (exchanged.kept === 0) return new Float32Array(exchanged.size);
  const mask = strategyOf(strategy).receive(config) === 'all' ? Mask.full(exchanged.size) : exchanged;
  const nobody = '0'.repeat(64);
  const owner = { layoutHash: nobody, maskHash: nobody };
  const dtype = downDtype(wire);
  const bytes = encodeValues(mask.pack(theta), dtype, owner);
  return mask.unpack(decodeValues(bytes, { ...owner, count: mask.kept, dtype }));
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, p) => value === b[p]);
}
