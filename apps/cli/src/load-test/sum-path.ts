import { checkDelta, layoutOf, openAggregation } from '@perfit/federation';
import { decodeValues, encodeValues, maskHash } from '@perfit/protocol';
import { initialTheta, layoutHash } from '@perfit/protocol/space';
import { Drawer } from './drawn-submission.ts';
import { dimensionsOf, federationOf, type LoadPlan } from './plan.ts';
import type { SumSpeeds } from './processes.ts';

/** Deltas that take turns: more than a processor's nearer caches hold. */
const DELTAS = 16;
const TURNS = 12;
const MAX_NORM = 1e9;

/**
 * What a coordinator does with each delta's bytes (decode, check that values are finite and the norm in its bound, add
 * to the sums at owned positions), next to a plain loop that adds two Float32Arrays of as many values, and to a copy
 * of them. All three take turns, so that whatever else the machine does hits them alike; of each the fastest tenth
 * counts, because the swarm, or a neighbour, may be at work.
 */
export async function measureSums(plan: LoadPlan): Promise<SumSpeeds> {
  const config = federationOf(plan);
  const layout = layoutOf(config, dimensionsOf(plan));
  const drawer = new Drawer(layout.size);
  const hash = await layoutHash(layout);
  const drawn = await Promise.all(
    Array.from({ length: DELTAS }, async (_, client) => {
      const submission = drawer.draw(client, 1);
      const owner = { layoutHash: hash, maskHash: await maskHash(submission.mask) };
      return { ...submission, owner, bytes: encodeValues(submission.values, 'f32', owner) };
    }),
  );
  const theta = initialTheta(layout, config.seed);
  const sums = openAggregation({ config, layout, round: 1, global: { theta, moments: null, owners: null } });
  const kept = drawn[0]?.values.length ?? 0;
  const added = new Float32Array(kept);
  const copied = new Float32Array(kept);
  const seconds = { sum: [] as number[], add: [] as number[], copy: [] as number[] };
  for (let turn = 0; turn < TURNS; turn++) {
    for (const { mask, owner, bytes, values, examples } of drawn) {
      const begun = performance.now();
      const decoded = decodeValues(bytes, { ...owner, count: mask.kept, dtype: 'f32' });
      checkDelta(decoded, { maxNorm: MAX_NORM });
      sums.add(mask, decoded, examples);
      const summed = performance.now();
      addLoop(added, values);
      const looped = performance.now();
      copied.set(values);
      const end = performance.now();
      seconds.sum.push(summed - begun);
      seconds.add.push(looped - summed);
      seconds.copy.push(end - looped);
    }
  }
  const rate = (milliseconds: number[]) => (4 * kept) / fast(milliseconds) / 1e6;
  return { sumGBps: rate(seconds.sum), addLoopGBps: rate(seconds.add), copyGBps: rate(seconds.copy) };
}

function addLoop(sum: Float32Array, values: Float32Array): void {
  const { length } = sum;
  for (let i = 0; i < length; i++) sum[i] = (sum[i] as number) + (values[i] as number);
}

function fast(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 10)] ?? Number.NaN;
}
