import { type Layout, Mask } from '@perfit/protocol/space';
import type { LocalTuner, SearchSettings, TunedAdapter, TuningProgress, TuningSettings } from '@perfit/protocol/tuner';
import { BackendError } from '../src/backend-error.ts';
import { warmUp } from '../src/training/warm-up.ts';

export const stepsInEpoch = 5;

export const fragileSettings: TuningSettings = {
  epochs: 3,
  batchSize: 8,
  accumulation: 1,
  learningRate: 0.1,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clipNorm: 0,
  proximal: 0,
  seed: 1,
};

export const fragileSearch: SearchSettings = {
  density: 0.5,
  warmupEpochs: 1,
  iterations: 4,
  batches: 2,
  score: 'taylor',
  scope: 'global',
  tuning: fragileSettings,
  seed: 1,
};

export interface FragileDevice {
  /** Pieces of work (a step, an evaluation) until the device fails. */
  readonly works: number;
  readonly failure?: Error;
}

/**
 * A tuner of simple arithmetic on a device that fails. Like the real one it depends on nothing but its start, yields a
 * checkpoint at every epoch's end and wherever `isSaved` says so, and knows only the losses of the steps that it did.
 */
export function fragileTuner(
  layout: Layout,
  { works, failure = new BackendError('device-lost', 'the graphics device was lost') }: FragileDevice,
  isSaved: (step: number) => boolean = () => false,
): LocalTuner {
  let left = works;
  const work = () => {
    if (left-- <= 0) throw failure;
  };

  async function* tune(...[start, settings, signal]: Parameters<LocalTuner['tune']>): ReturnType<LocalTuner['tune']> {
    const steps = settings.epochs * stepsInEpoch;
    let { theta, step } = start.checkpoint ?? { theta: start.theta, step: 0 };
    let losses: number[] = [];
    while (step < steps) {
      signal?.throwIfAborted();
      if (step % stepsInEpoch === 0) losses = [];
      work();
      theta = theta.map((value, p) => Math.fround(Math.sin(3 * value + step + p)));
      const loss = Math.abs(theta[0] as number);
      losses.push(loss);
      step++;
      yield told({ step, steps, loss });
      if (step % stepsInEpoch === 0 || isSaved(step)) {
        yield { kind: 'checkpoint', checkpoint: { step, theta, firstMoment: theta, secondMoment: theta } };
      }
    }
    work();
    const loss = losses.reduce((sum, value) => sum + value, 0) / Math.max(1, losses.length);
    return { theta, steps, loss } satisfies TunedAdapter;
  }

  return {
    layout,
    examples: { training: 40, heldOut: 10, validation: 0 },
    async perplexity(theta) {
      work();
      return 1 + Math.abs(theta?.[0] ?? 0);
    },
    async heldOutLosses(theta) {
      work();
      return [{ nats: Math.abs(theta?.[0] ?? 0), tokens: 1 }];
    },
    async measureSpeed() {
      work();
      return 1000;
    },
    tune,
    async *search(start, settings, signal) {
      const { checkpoint } = start;
      const isWarm = checkpoint?.part === 'pruning';
      const warm = isWarm ? checkpoint.warm : yield* warmUp({ tune }, start, { settings, signal });
      let mask = isWarm ? checkpoint.mask : Mask.full(layout.size);
      for (let iteration = isWarm ? checkpoint.iteration + 1 : 1; iteration <= settings.iterations; iteration++) {
        work();
        const before = mask;
        mask = Mask.from(layout.size, (p) => before.has(p) && (warm[(p * iteration) % layout.size] as number) > 0);
        yield { kind: 'prune', iteration, iterations: settings.iterations, kept: mask.kept };
        yield { kind: 'checkpoint', checkpoint: { part: 'pruning', warm, iteration, mask } };
      }
      return { mask, warm };
    },
  };
}

function told({ step, steps, loss }: { step: number; steps: number; loss: number }): TuningProgress {
  return { kind: 'step', epoch: Math.ceil(step / stepsInEpoch), step, steps, loss, tokens: 7 };
}
