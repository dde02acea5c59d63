import type { ModelConfig } from '../model/config.ts';
import type { Held } from '../model/packed/matrix-formats.ts';
import { weightBytes } from '../model/packed/memory.ts';
import { weightsIn } from '../model/packed/plan-memory.ts';
import { PRECISIONS } from '../ops/packed-matrix/formats.ts';
import { chatMemoryNeeds, type MemoryNeeds, memoryNeeds } from './memory-needs.ts';

type Verdict = 'fits' | 'tight' | 'too large';

export interface Fit {
  readonly verdict: Verdict;
  /** Why, and what would fit. */
  readonly sentence: string;
}

/** Above this share of what is counted on, another program's window may be what is missing. */
const comfortable = 0.8;
/** Texts and conversations shorter than these are not worth a sentence. */
const shortestRow = 64;
const shortestContext = 256;

/**
 * Whether a model's needs can be met.
 * @param budget bytes of the device that may be taken; see `deviceBudget`
 */
export function fits(needs: MemoryNeeds, budget: number): Fit {
  const { total } = needs.bytes;
  const takes = `${nameOf(needs)} takes about ${gigabytes(total)} of graphics memory`;
  const counted = `about ${gigabytes(budget)} are counted on here`;
  if (total <= comfortable * budget) return { verdict: 'fits', sentence: `${takes}; ${counted}.` };
  const way = firstThat(needs, (bytes) => bytes <= comfortable * budget) ?? firstThat(needs, (b) => b <= budget);
  if (total <= budget) {
    const instead = way && way.bytes.total < total ? ` ${offer(needs, way)}` : '';
    return { verdict: 'tight', sentence: `${takes}; ${counted}. Close other tabs and programs first.${instead}` };
  }
  const help = way
    ? offer(needs, way)
    : `${withWords(needs, least(needs))} it would still take ${gigabytes(least(needs).bytes.total)}: choose a smaller model.`;
  return { verdict: 'too large', sentence: `${takes}; ${counted}. ${help}` };
}

/** The first of the ways that take less, one thing given up before two. */
function firstThat(needs: MemoryNeeds, isEnough: (bytes: number) => boolean): MemoryNeeds | null {
  for (const way of lesser(needs)) if (isEnough(way.bytes.total)) return way;
  return null;
}

function least(needs: MemoryNeeds): MemoryNeeds {
  return [...lesser(needs)].reduce((best, way) => (way.bytes.total < best.bytes.total ? way : best), needs);
}

/** Ways that take less: what costs the least quality first. */
function* lesser(needs: MemoryNeeds): Generator<MemoryNeeds> {
  const coarser = coarserThan(needs.config, needs.choice.held);
  if (needs.use === 'chat') {
    const { config, choice } = needs;
    const lengths = halves(Math.min(choice.contextLength, config.contextLength), shortestContext);
    for (const held of coarser) yield chatMemoryNeeds(config, { ...choice, held });
    for (const contextLength of lengths) yield chatMemoryNeeds(config, { ...choice, contextLength });
    for (const held of coarser) {
      for (const contextLength of lengths) yield chatMemoryNeeds(config, { ...choice, held, contextLength });
    }
    return;
  }
  const { config, choice } = needs;
  const lengths = halves(Math.min(choice.maxLength, config.contextLength), shortestRow);
  // One row at a time gives the same gradient.
  if (choice.batchSize > 1) yield memoryNeeds(config, { ...choice, batchSize: 1 });
  const one = { ...choice, batchSize: 1 };
  for (const held of coarser) yield memoryNeeds(config, { ...one, held });
  for (const maxLength of lengths) yield memoryNeeds(config, { ...one, maxLength });
  for (const held of coarser) {
    for (const maxLength of lengths) yield memoryNeeds(config, { ...one, held, maxLength });
  }
}

/** Precisions that take less. */
function coarserThan(config: ModelConfig, held: Held): readonly Held[] {
  const bytes = weightBytes(config, held);
  return PRECISIONS.filter((precision) => weightBytes(config, precision) < bytes);
}

function halves(length: number, shortest: number): number[] {
  const lengths: number[] = [];
  for (let half = Math.floor(length / 2); half >= shortest; half = Math.floor(half / 2)) lengths.push(half);
  return lengths;
}

function offer(needs: MemoryNeeds, way: MemoryNeeds): string {
  return `${withWords(needs, way)} it would take ${gigabytes(way.bytes.total)}.`;
}

/** What is given up. */
function withWords(needs: MemoryNeeds, way: MemoryNeeds): string {
  const words: string[] = [];
  if (way.choice.held !== needs.choice.held) words.push(weightsOf(way.choice.held));
  if (needs.use === 'tuning' && way.use === 'tuning') {
    if (way.choice.maxLength !== needs.choice.maxLength) words.push(`texts of ${way.choice.maxLength} tokens`);
    if (way.choice.batchSize !== needs.choice.batchSize) words.push('one text at a time');
  }
  if (needs.use === 'chat' && way.use === 'chat' && way.choice.contextLength !== needs.choice.contextLength) {
    words.push(`conversations of ${way.choice.contextLength} tokens`);
  }
  const last = words.pop() ?? 'nothing changed';
  return `With ${words.length > 0 ? `${words.join(', ')} and ${last}` : last}`;
}

function nameOf({ use, choice }: MemoryNeeds): string {
  return `${use === 'tuning' ? 'Tuning' : 'A chat'} with ${weightsOf(choice.held)}`;
}

function weightsOf(held: Held): string {
  return weightsIn(typeof held === 'string' ? held : 'file');
}

function gigabytes(bytes: number): string {
  if (bytes < 5e7) return `${Math.ceil(bytes / 1e6)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
