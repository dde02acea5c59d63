import { type Conclusion, strategyOf } from '@perfit/federation';
import {
  type Comparison,
  compare,
  type Estimate,
  estimate,
  groupBy,
  holmAdjusted,
  mean,
  type Ratio,
} from './statistics.ts';

/** Perplexities of one module while it passes through a round. */
interface RoundPerplexity {
  readonly received: number;
  readonly tuned: number;
  /** With a client's last counted round: of what it would start one more round from. */
  readonly after?: number | undefined;
}

/** A round of a client, in one cell of the experiment. */
export interface ResultRow {
  readonly experiment: string;
  readonly strategy: string;
  readonly setting: string;
  readonly seed: number;
  readonly client: string;
  readonly round: number;
  /** On held-out rows. */
  readonly perplexity: RoundPerplexity & { readonly base: number };
  /** On rows of the client's own that it neither trains on nor is judged by: they choose the round to stop at. */
  readonly validation?: RoundPerplexity | undefined;
  readonly trainable: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly seconds: number;
  /** [PF9] What the client chose to keep: with its last row, in results since it does. */
  readonly conclusion?: Conclusion | undefined;
}

export interface Summary {
  readonly experiment: string;
  readonly strategy: string;
  readonly setting: string;
  /** Of what the method leaves its clients with, over clients × seeds: see {@link outcomesOf}. */
  readonly perplexity: Estimate;
  /** That divided by FedIT's, of the same client and seed. Null where FedIT was not run. */
  readonly againstFedit: Ratio | null;
  /** [PF9] Of what every client has in its hands at the end, whatever the method is said to leave. */
  readonly kept: Estimate;
  /** What is kept, divided by what the client has that tunes alone: of `local`, or of its own twin. */
  readonly againstAlone: Ratio | null;
  /** Divided by what is kept of FedIT with local fine-tuning. */
  readonly againstFeditFt: Ratio | null;
  /** Divided by what FedIT's clients receive, as the paper seems to compare. */
  readonly againstFeditReceived: Ratio | null;
  /** The share of clients × seeds that tuning alone would have left with a lower perplexity. */
  readonly worseOff: number | null;
}

/** What table and report show beyond the summary. */
export interface TableRow extends Summary {
  readonly result: Result;
  readonly comparisons: Readonly<Record<Reference, Comparison | null>>;
  /** Of what is kept. `pHolm` is adjusted for all strategies that are held against the same. */
  readonly keptAgainst: Readonly<Record<KeptReference, (Comparison & { readonly pHolm: number }) | null>>;
  /** What the last round's tuning started from, and what it ended with. */
  readonly received: Estimate;
  readonly tuned: Estimate;
  /** Mean round that validation chose; null where there was no validation, and the last one is taken. */
  readonly stoppedAt: number | null;
  /** A client's mean. */
  readonly trainable: number;
  /** A client's, over all rounds. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly seconds: number;
}

export type Result = 'global' | 'personal';

/**
 * What a method is held against: FedIT by what it publishes, its global model; FedIT by what its clients have in their
 * hands after their own last tuning, which is stricter on personal methods; and FedIT with local fine-tuning behind it.
 */
type Reference = 'fedit' | 'feditTuned' | 'feditThenLocal';

/** What is held against what is kept: tuning alone, what is kept of FedIT with fine-tuning, and what FedIT sends. */
type KeptReference = 'alone' | 'feditThenLocal' | 'feditReceived';

const references: Readonly<Record<Reference, { strategy: string; result: Result }>> = {
  fedit: { strategy: 'fedit', result: 'global' },
  feditTuned: { strategy: 'fedit', result: 'personal' },
  feditThenLocal: { strategy: 'fedit+ft', result: 'personal' },
};

/** A line a strategy and setting, in the order in which they come. */
export function summarize(rows: readonly ResultRow[]): TableRow[] {
  const groups = groupBy(rows, groupOf);
  const otherOf = (strategy: string, setting: string) =>
    groups.get(groupOf({ strategy, setting })) ?? groups.get(groupOf({ strategy, setting: 'default' }));
  const against = (reference: Reference, own: readonly Outcome[], setting: string) => {
    const { strategy, result } = references[reference];
    const other = otherOf(strategy, setting);
    return other ? compare(pairsOf(own, outcomesOf(other, result))) : null;
  };
  const lines = [...groups.values()].map((own) => {
    const { experiment, strategy, setting } = own[0] as ResultRow;
    const { result } = strategyOf(strategy);
    const outcomes = outcomesOf(own, result);
    const comparisons = {
      fedit: against('fedit', outcomes, setting),
      feditTuned: against('feditTuned', outcomes, setting),
      feditThenLocal: against('feditThenLocal', outcomes, setting),
    };
    const kept = outcomesOf(own, 'personal');
    const local = otherOf('local', setting);
    const alone = local ? outcomesOf(local, 'personal') : twinsOf(own);
    const ft = otherOf('fedit+ft', setting);
    const fedit = otherOf('fedit', setting);
    return {
      experiment,
      strategy,
      setting,
      perplexity: estimate(outcomes.map(({ perplexity }) => perplexity)),
      againstFedit: ratioOf(comparisons.fedit),
      result,
      comparisons,
      kept: estimate(kept.map(({ perplexity }) => perplexity)),
      worseOff: shareWorse(kept, alone),
      keptAgainst: {
        alone: strategy === 'local' ? null : compare(pairsOf(kept, alone)),
        feditThenLocal: !ft || strategy === 'fedit+ft' ? null : compare(pairsOf(kept, outcomesOf(ft, 'personal'))),
        feditReceived: fedit ? compare(pairsOf(kept, outcomesOf(fedit, 'global'))) : null,
      },
      stoppedAt: own.some(({ validation }) => validation) ? mean(outcomes.map(({ round }) => round)) : null,
      ...lastOf(own),
      ...costsOf(own),
    };
  });
  const holm = {
    alone: holmOver(lines.map(({ keptAgainst }) => keptAgainst.alone)),
    feditThenLocal: holmOver(lines.map(({ keptAgainst }) => keptAgainst.feditThenLocal)),
    feditReceived: holmOver(lines.map(({ keptAgainst }) => keptAgainst.feditReceived)),
  };
  return lines.map((line, i) => ({
    ...line,
    keptAgainst: {
      alone: holm.alone[i] ?? null,
      feditThenLocal: holm.feditThenLocal[i] ?? null,
      feditReceived: holm.feditReceived[i] ?? null,
    },
    againstAlone: ratioOf(line.keptAgainst.alone),
    againstFeditFt: ratioOf(line.keptAgainst.feditThenLocal),
    againstFeditReceived: ratioOf(line.keptAgainst.feditReceived),
  }));
}

/** By clients: seeds of one client share its rows. */
function holmOver(comparisons: readonly (Comparison | null)[]): ((Comparison & { readonly pHolm: number }) | null)[] {
  const there = comparisons.filter((one) => one !== null);
  const adjusted = holmAdjusted(there.map(({ pByClient }) => pByClient));
  return comparisons.map((one) => one && { ...one, pHolm: adjusted[there.indexOf(one)] as number });
}

function shareWorse(kept: readonly Outcome[], alone: readonly Outcome[]): number | null {
  const pairs = pairsOf(kept, alone);
  return pairs.length === 0 ? null : pairs.filter(({ log }) => log > 0).length / pairs.length;
}

/** [PF9] What the clients' twins have, where they have some. */
function twinsOf(rows: readonly ResultRow[]): Outcome[] {
  return rows.flatMap(({ client, seed, round, conclusion }) => {
    const alone = conclusion?.perplexity.alone;
    return alone === null || alone === undefined ? [] : [{ client, seed, round, perplexity: alone }];
  });
}

/** What a method leaves one client of one seed with. */
export interface Outcome {
  readonly client: string;
  readonly seed: number;
  /** After so many rounds. */
  readonly round: number;
  readonly perplexity: number;
}

/**
 * What a method leaves each client of each seed with. With a personal result that is a module as the client tuned it,
 * or, where validation rows can tell, what it received; with a global one, θ_g as it arrived from the second round on, or
 * after the last. Of these it is the one with the lowest validation perplexity, or the last one where nothing was
 * validated, measured on held-out rows. Where the client itself has chosen what it keeps (PF9), that is its personal result.
 * @param rows of one strategy and setting
 */
export function outcomesOf(rows: readonly ResultRow[], result: Result): Outcome[] {
  return [...unitsOf(rows).values()].map((own) => {
    const { client, seed } = own[0] as ResultRow;
    const conclusion = own.at(-1)?.conclusion;
    if (result === 'personal' && conclusion)
      return { client, seed, round: conclusion.round, perplexity: conclusion.perplexity.kept };
    const { round, perplexity } = chosen(result === 'personal' ? personalModules(own) : globalModels(own));
    return { client, seed, round, perplexity };
  });
}

interface Candidate {
  readonly round: number;
  readonly perplexity: number;
  readonly validation: number | undefined;
}

/** In the order in which the client met them: without validation the last is what it tuned last. */
function personalModules(own: readonly ResultRow[]): Candidate[] {
  const met = own.flatMap(({ round, perplexity, validation }) => [
    { round: round - 1, perplexity: perplexity.received, validation: validation?.received },
    { round, perplexity: perplexity.tuned, validation: validation?.tuned },
  ]);
  return met.filter(({ round }) => round > 0);
}

/** Results from before `after` was measured end with what the last round started from: θ_g one round younger. */
function globalModels(own: readonly ResultRow[]): Candidate[] {
  const received = own.map(({ round, perplexity, validation }) => ({
    round: round - 1,
    perplexity: perplexity.received,
    validation: validation?.received,
  }));
  const after = own.flatMap(({ round, perplexity, validation }) =>
    perplexity.after === undefined
      ? []
      : [{ round, perplexity: perplexity.after, validation: validation?.after } satisfies Candidate],
  );
  // What the first round starts from is nobody's work yet.
  const trained = [...received.filter(({ round }) => round > 0), ...after];
  return trained.length > 0 ? trained : received;
}

function chosen(candidates: readonly Candidate[]): Candidate {
  const validated = candidates.filter((one): one is Candidate & { validation: number } => one.validation !== undefined);
  if (validated.length === 0) return candidates.at(-1) as Candidate;
  return validated.reduce((best, one) => (one.validation < best.validation ? one : best));
}

/** Of the clients and seeds that both have. */
export function pairsOf(own: readonly Outcome[], reference: readonly Outcome[]): { client: string; log: number }[] {
  return own.flatMap(({ client, seed, perplexity }) => {
    const other = reference.find((one) => one.client === client && one.seed === seed);
    return other ? [{ client, log: Math.log(perplexity / other.perplexity) }] : [];
  });
}

/** A client of a seed, with its rounds in order. */
export function unitsOf(rows: readonly ResultRow[]): Map<string, ResultRow[]> {
  const units = groupBy(rows, ({ client, seed }) => JSON.stringify([client, seed]));
  for (const own of units.values()) own.sort((a, b) => a.round - b.round);
  return units;
}

/** Names a strategy with its setting. */
export function groupOf({ strategy, setting }: Pick<ResultRow, 'strategy' | 'setting'>): string {
  return JSON.stringify([strategy, setting]);
}

function lastOf(rows: readonly ResultRow[]): Pick<TableRow, 'received' | 'tuned'> {
  const last = [...unitsOf(rows).values()].map((own) => own.at(-1) as ResultRow);
  return {
    received: estimate(last.map(({ perplexity }) => perplexity.received)),
    tuned: estimate(last.map(({ perplexity }) => perplexity.tuned)),
  };
}

function costsOf(rows: readonly ResultRow[]): Pick<TableRow, 'trainable' | 'bytesUp' | 'bytesDown' | 'seconds'> {
  const units = [...unitsOf(rows).values()];
  const total = (cost: (row: ResultRow) => number) =>
    mean(units.map((own) => own.reduce((sum, row) => sum + cost(row), 0)));
  return {
    trainable: mean(units.map((own) => (own.at(-1) as ResultRow).trainable)),
    bytesUp: total(({ bytesUp }) => bytesUp),
    bytesDown: total(({ bytesDown }) => bytesDown),
    seconds: total(({ seconds }) => seconds),
  };
}

function ratioOf(comparison: Comparison | null): Ratio | null {
  if (!comparison) return null;
  const { ratio, low, high } = comparison;
  return { ratio, low, high };
}
