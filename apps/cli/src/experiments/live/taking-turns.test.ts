import type { EvaluationSplit, LocalTuner } from '@perfit/federation';
import { describe, expect, it } from 'vitest';
import { Turnstile, takingTurns } from './taking-turns.ts';

describe('a turnstile', () => {
  it('lets one through at a time, in the order of coming', async () => {
    const turnstile = new Turnstile();
    const log: string[] = [];
    const walk = async (name: string) => {
      const leave = await turnstile.enter();
      log.push(`${name} in`);
      await new Promise((done) => setImmediate(done));
      log.push(`${name} out`);
      leave();
    };
    await Promise.all(['a', 'b', 'c'].map(walk));
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });

  it('forgets who stops waiting, and lets nobody through before their turn for that', async () => {
    const turnstile = new Turnstile();
    const leave = await turnstile.enter();
    const stopping = new AbortController();
    const impatient = turnstile.enter(stopping.signal);
    const patient = turnstile.enter();
    stopping.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    let isThrough = false;
    const through = patient.then(() => {
      isThrough = true;
    });
    await new Promise((done) => setImmediate(done));
    expect(isThrough).toBe(false);
    leave();
    await through;
  });
});

describe('a tuner that takes turns', () => {
  it('[PF8] evaluates the split that it was asked for', async () => {
    const tuner = takingTurns(tunerWithPerplexities({ heldOut: 7, validation: 11 }), new Turnstile());
    const theta = new Float32Array(1);
    expect(await tuner.perplexity(theta, undefined, 'heldOut')).toBe(7);
    expect(await tuner.perplexity(theta, undefined, 'validation')).toBe(11);
  });
});

/** It does nothing but evaluate. */
function tunerWithPerplexities(perplexities: Record<EvaluationSplit, number>): LocalTuner {
  const cannot = () => {
    throw new Error('This tuner does nothing but evaluate.');
  };
  return {
    layout: { rank: 1, alpha: 1, targets: [], size: 0, tensors: [] },
    examples: { training: 0, heldOut: 0, validation: 0 },
    perplexity: async (_theta, _signal, on = 'heldOut') => perplexities[on],
    measureSpeed: cannot,
    search: cannot,
    tune: cannot,
  };
}
