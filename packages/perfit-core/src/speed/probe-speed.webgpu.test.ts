import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { eachBackend } from '../../test/each-backend.ts';
import { probeSpeed } from './probe-speed.ts';

/** Ten milliseconds further whenever it is asked. */
function clock(): () => number {
  let at = 0;
  return () => (at += 10);
}

eachBackend('the speed of a device', (start) => {
  beforeAll(start);
  const shape = { rows: 128, inWidth: 12, outWidth: 20, precision: 'f16' } as const;

  it('is operations over time, of the longest batch there was time for', async () => {
    const before = tf.memory().numTensors;
    // Each batch takes 10 ms: one of 64 rows, one of 128, then 2 and 4 times 128 rows.
    const speed = await probeSpeed(shape, { budgetMs: 100, now: clock() });
    expect(speed).toBe((4 * 128 * 2 * 12 * 20) / 0.01);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is given up when somebody needs the device, and leaves nothing there', async () => {
    const before = tf.memory().numTensors;
    const stop = new AbortController();
    const now = clock();
    const reason = new Error('the device is needed');
    const stopping = probeSpeed(shape, {
      signal: stop.signal,
      now: () => {
        if (now() > 50) stop.abort(reason);
        return 0;
      },
    });
    await expect(stopping).rejects.toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
  });
});
