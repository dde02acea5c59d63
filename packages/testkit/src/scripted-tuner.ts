import { type Layout, Mask, seededRandom } from '@perfit/protocol/space';
import type {
  LocalTuner,
  SearchCheckpoint,
  SearchSettings,
  SearchStart,
  TunedAdapter,
  TuningProgress,
  TuningSettings,
  TuningStart,
} from '@perfit/protocol/tuner';

export interface ScriptedTuner extends LocalTuner {
  readonly searches: SearchSettings[];
  readonly searchStarts: SearchStart[];
  readonly tunings: { readonly start: TuningStart; readonly settings: TuningSettings }[];
  /** Runs before every step: a test crashes, closes rounds or drops connections here. */
  onStep: (step: number) => void | Promise<void>;
  /** The same for a search. */
  onSearchStep: (part: SearchCheckpoint['part']) => void | Promise<void>;
}

const STEPS = 6;

/**
 * A tuner whose "text" is a target theta that it walks towards, halfway with every step: as deterministic as
 * arithmetic, and resumable like the real one. Its search keeps the positions whose targets are largest, raised by the
 * prior.
 * @param reach the largest target: of a wide layout less than 1, that its deltas stay below the bound of their norm
 */
export function scriptedTuner(layout: Layout, seed: number, reach = 1): ScriptedTuner {
  const random = seededRandom(seed);
  const target = Float32Array.from({ length: layout.size }, () => reach * (2 * random() - 1));
  const tuner: ScriptedTuner = {
    layout,
    examples: { training: 10 + seed, heldOut: 4, validation: 0 },
    searches: [],
    searchStarts: [],
    tunings: [],
    onStep: () => {},
    onSearchStep: () => {},

    async heldOutLosses(theta) {
      // Each position is a row of one token.
      return Array.from(target, (value, p) => ({ nats: (value - (theta?.[p] ?? 0)) ** 2, tokens: 1 }));
    },

    async measureSpeed() {
      return 100 * seed;
    },

    async perplexity(theta) {
      const distance = target.reduce((sum, value, p) => sum + (value - (theta?.[p] ?? 0)) ** 2, 0);
      return Math.exp(distance / target.length);
    },

    async *search(start, settings, signal) {
      const { theta, checkpoint } = start;
      tuner.searches.push(settings);
      tuner.searchStarts.push(start);
      if (theta.length !== layout.size) throw new Error('a search starts from the whole theta');
      let warm = checkpoint?.part === 'pruning' ? checkpoint.warm : theta;
      if (checkpoint?.part !== 'pruning') {
        await tuner.onSearchStep('warm-up');
        signal?.throwIfAborted();
        warm = theta.map((value, p) => (value + (target[p] as number)) / 2);
        yield { kind: 'warmup', step: 1, steps: 1, loss: 1, tokens: 7 };
        const mask = Mask.full(layout.size);
        yield { kind: 'checkpoint', checkpoint: { part: 'pruning', warm, iteration: 0, mask } };
      }
      await tuner.onSearchStep('pruning');
      signal?.throwIfAborted();
      const kept = Math.round(settings.density * layout.size);
      yield { kind: 'prune', iteration: 1, iterations: 1, kept };
      const { weight, owners } = settings.prior ?? { weight: 0, owners: target };
      const scores = target.map((value, p) => Math.abs(value) * (1 + weight * (owners[p] as number)));
      const order = Array.from(target.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
      const positions = new Set(order.slice(0, kept));
      const mask = Mask.from(layout.size, (p) => positions.has(p));
      yield { kind: 'checkpoint', checkpoint: { part: 'pruning', warm, iteration: 1, mask } };
      return { mask, warm };
    },

    async *tune(start, settings, signal): AsyncGenerator<TuningProgress, TunedAdapter> {
      tuner.tunings.push({ start, settings });
      let theta = start.checkpoint?.theta.slice() ?? start.theta.slice();
      const rest = new Float32Array(layout.size);
      for (let step = (start.checkpoint?.step ?? 0) + 1; step <= STEPS; step++) {
        await tuner.onStep(step);
        signal?.throwIfAborted();
        theta = theta.map((value, p) => (start.mask.has(p) ? (value + (target[p] as number)) / 2 : value));
        yield { kind: 'step', epoch: 1, step, steps: STEPS, loss: 1 / step, tokens: 5 };
        if (step % 2 === 0) {
          yield {
            kind: 'checkpoint',
            checkpoint: { step, theta: theta.slice(), firstMoment: rest, secondMoment: rest },
          };
        }
      }
      return { theta, steps: STEPS, loss: 1 / STEPS };
    },
  };
  return tuner;
}
