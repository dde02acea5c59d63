import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { moduleOrigins } from '@perfit/federation';
import { strategyNameSchema } from '@perfit/protocol';
import { PROJECTIONS } from '@perfit/protocol/space';
import { z } from 'zod';
import { UsageError } from '../explain.ts';
import type { MaskSummary } from './mask-summary.ts';
import type { ResultRow } from './results.ts';

/** All that came out of an experiment, as `results.json` keeps it beside the summary that follows from it. */
export interface Results {
  readonly cells: readonly ResultRow[];
  /** One a strategy, setting and seed. Empty in files from before masks were summarised. */
  readonly masks: readonly CellMasks[];
  /** How far each commit moved θ_g, one a strategy, setting and seed. Empty in files from before it was kept. */
  readonly steps: readonly CellSteps[];
  /** Null in files from before it was kept. */
  readonly setup: Setup | null;
}

export interface CellMasks extends MaskSummary, Pick<ResultRow, 'experiment' | 'strategy' | 'setting' | 'seed'> {}

interface CellSteps extends Pick<ResultRow, 'experiment' | 'strategy' | 'setting' | 'seed'> {
  /** By commit, in the L2 norm. */
  readonly steps: readonly number[];
}

/** How an experiment was run. */
export interface Setup {
  readonly name: string;
  /** The experiment's YAML, word for word. */
  readonly config: string;
  /** The model folder's name. */
  readonly model: string;
  readonly backend: string;
  /** Where seconds were taken. */
  readonly machine: string;
  /** When the results were written, ISO 8601. */
  readonly date: string;
  readonly clients: readonly { readonly name: string; readonly training: number; readonly heldOut: number }[];
}

const positive = z.number().positive();
const size = z.number().nonnegative();
const perplexities = { received: positive, tuned: positive, after: positive.optional() };
const cell = z.object({
  experiment: z.string(),
  strategy: strategyNameSchema,
  setting: z.string(),
  seed: z.number(),
});

export const rowSchema = cell.extend({
  client: z.string(),
  round: z.number().int().positive(),
  perplexity: z.object({ base: positive, ...perplexities }),
  validation: z.object(perplexities).optional(),
  trainable: size,
  bytesUp: size,
  bytesDown: size,
  seconds: size,
  conclusion: z
    .object({
      round: z.number().int().positive(),
      of: z.enum(moduleOrigins),
      perplexity: z.object({ together: positive, alone: positive.nullable(), kept: positive }),
      joining: z
        .object({
          verdict: z.enum(['helped', 'did-not-help', 'cannot-tell']),
          ratio: positive,
          low: positive,
          high: positive,
          rows: size,
        })
        .nullable(),
    })
    .optional(),
});

export const maskSummarySchema = z.object({
  clients: z.array(z.string()),
  densities: z.array(size),
  overlap: z.array(z.array(size)),
  density: z.array(
    z.object({
      layer: z.number().int().nonnegative(),
      projection: z.enum(PROJECTIONS),
      matrix: z.enum(['A', 'B']),
      mean: size,
      standardDeviation: size.nullable(),
    }),
  ),
});

const resultsSchema = z.object({
  cells: z.array(rowSchema).min(1),
  masks: z.array(maskSummarySchema.extend(cell.shape)).default([]),
  steps: z.array(cell.extend({ steps: z.array(size) })).default([]),
  setup: z
    .object({
      name: z.string(),
      config: z.string(),
      model: z.string(),
      backend: z.string(),
      machine: z.string(),
      date: z.string(),
      clients: z.array(z.object({ name: z.string(), training: size, heldOut: size })),
    })
    .nullable()
    .default(null),
});

/** @param place a results.json, or the folder that has one   @throws UsageError where it is none */
export function readResults(place: string): Results {
  const file = resultsFileAt(place);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`There is no file ${file} that can be read.`);
  }
  return parseResults(file, text);
}

export function resultsFileAt(place: string): string {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() ? join(place, 'results.json') : place;
}

function parseResults(file: string, text: string): Results {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is no JSON.`);
  }
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(`${file} has no results of perfit simulate: ${issue?.path.join('.')}: ${issue?.message}`);
}
