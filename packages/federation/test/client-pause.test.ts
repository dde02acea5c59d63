import { expectSame } from '@perfit/testkit';
import { describe, expect, it } from 'vitest';
import { Pause } from '../src/index.ts';
import { alone, collect, of, setting } from './staged-client.ts';

describe('the pause of a client', () => {
  it('pauses after the present step, and goes on at the very next one', async () => {
    const { coordinator, options, tuner } = await setting();
    const pause = new Pause();
    const steps: number[] = [];
    let beforeRelease = 0;
    tuner.onStep = (step) => {
      steps.push(step);
      if (steps.length === 3) pause.hold();
    };
    const events = await collect(options({ pause }), (event) => {
      if (event.type !== 'paused') return;
      setImmediate(() => {
        beforeRelease = steps.length;
        pause.release();
      });
    });
    expect(beforeRelease).toBe(3);
    expect(events.filter(({ type }) => type === 'paused' || type === 'resumed').map(({ type }) => type)).toEqual([
      'paused',
      'resumed',
    ]);
    expect(steps.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(coordinator.notices).toContainEqual({ round: 1, phase: 'paused', done: 0 });
    expectSame(await coordinator.theta(), await alone(coordinator));
  });

  it('pauses in a search and in an evaluation too, and ends as if it had not', async () => {
    const { coordinator, options, tuner } = await setting();
    const pause = new Pause();
    const { perplexity } = tuner;
    let asked = 0;
    tuner.perplexity = async (theta, signal) => {
      // The second evaluation is broken off, and begun again.
      if (++asked === 2) pause.hold();
      signal?.throwIfAborted();
      return perplexity.call(tuner, theta, signal);
    };
    tuner.onSearchStep = (part) => {
      if (part === 'pruning') pause.hold();
    };
    const events = await collect(options({ pause }), (event) => {
      if (event.type === 'paused') pause.release();
    });
    expect(of(events, 'paused').length + of(events, 'resumed').length).toBe(4);
    // Base, and received and tuned of three rounds, and the one that was broken off.
    expect(asked).toBe(1 + 6 + 1);
    expectSame(await coordinator.theta(), await alone(coordinator));
  });

  it('[RD2] misses a round that closes while it is paused, and takes the next one', async () => {
    const { coordinator, options, tuner } = await setting();
    const pause = new Pause();
    tuner.onStep = (step) => {
      if (step === 2 && coordinator.version === 0) pause.hold();
    };
    const events = await collect(options({ pause }), async (event) => {
      if (event.type === 'paused' && event.round === 1) await coordinator.act('skip');
      if (event.type === 'paused' && event.round === 2) pause.release();
    });
    expect(events.at(-1)?.type).toBe('finished');
    expect(await coordinator.acceptedRounds()).toEqual([2, 3]);
  });

  it('begins paused where it is told to, joins, and leaves from there', async () => {
    const { coordinator, options, tuner } = await setting();
    const pause = new Pause();
    pause.hold();
    const leaving = new AbortController();
    const events = await collect(options({ pause, signal: leaving.signal }), ({ type }) => {
      if (type === 'paused') leaving.abort();
    });
    expect(of(events, 'joined').length).toBe(1);
    expect(events.at(-1)).toEqual({ type: 'left', reason: 'asked' });
    expect(coordinator.requests.at(-1)?.name).toBe('leave');
    expect(tuner.searches).toEqual([]);
  });
});
