import { Mask } from '@perfit/protocol/space';
import type { LocalTuner, TunedAdapter, TuningProgress, TuningSettings } from '@perfit/protocol/tuner';
import { describe, expect, it } from 'vitest';
import { type BestEpochProgress, tuneForBest } from './best-epoch.ts';

const settings = { epochs: 5, batchSize: 1, seed: 1 } as unknown as TuningSettings;
const start = { theta: Float32Array.of(0), mask: Mask.full(1) };

/** Theta counts the epochs; the perplexity of each is given. */
function tunerOf(perplexities: readonly number[], validation = 3) {
  const asked: (string | undefined)[] = [];
  const tuner: Pick<LocalTuner, 'tune' | 'perplexity' | 'examples'> = {
    examples: { training: 10, heldOut: 2, validation },
    async perplexity(theta, _signal, on) {
      asked.push(on);
      return perplexities[(theta?.[0] as number) - 1] as number;
    },
    async *tune(): AsyncGenerator<TuningProgress, TunedAdapter> {
      // The optimizer goes on with the same memory.
      const theta = Float32Array.of(0);
      for (let epoch = 1; epoch <= perplexities.length; epoch++) {
        yield { kind: 'step', epoch, step: epoch, steps: perplexities.length, loss: 1, tokens: 1 };
        theta[0] = epoch;
        const checkpoint = { step: epoch, theta, firstMoment: theta, secondMoment: theta };
        // One in the middle of an epoch, too.
        yield { kind: 'checkpoint', checkpoint, isEpochEnd: false };
        yield { kind: 'checkpoint', checkpoint, isEpochEnd: true };
      }
      return { theta, steps: perplexities.length, loss: 1 };
    },
  };
  return { tuner, asked };
}

async function run(perplexities: readonly number[], { patience = 2, validation = 3 } = {}) {
  const { tuner, asked } = tunerOf(perplexities, validation);
  const told: BestEpochProgress[] = [];
  const running = tuneForBest(tuner, start, { ...settings, patience });
  for (;;) {
    const next = await running.next();
    if (next.done) return { best: next.value, told, asked };
    told.push(next.value);
  }
}

describe('tuneForBest', () => {
  it('keeps the state of the epoch that did best on the validation rows', async () => {
    const { best, told, asked } = await run([9, 7, 8]);
    expect(best).toEqual({ theta: Float32Array.of(2), epoch: 2, steps: 3 });
    expect(told.filter(({ kind }) => kind === 'epoch').map((one) => 'isBest' in one && one.isBest)).toEqual([
      true,
      true,
      false,
    ]);
    expect(new Set(asked)).toEqual(new Set(['validation']));
  });

  it('ends when it has waited long enough', async () => {
    const { best } = await run([9, 7, 8, 8, 1], { patience: 2 });
    expect(best).toEqual({ theta: Float32Array.of(2), epoch: 2, steps: 4 });
  });

  it('takes a perplexity that is no number for no better one', async () => {
    expect((await run([9, Number.NaN, Number.NaN])).best.epoch).toBe(1);
  });

  it('keeps the last state where there is nothing to choose by', async () => {
    const { best, asked } = await run([9, 7, 8], { validation: 0 });
    expect(best).toEqual({ theta: Float32Array.of(3), epoch: 0, steps: 3 });
    expect(asked).toEqual([]);
  });
});
