import * as tf from '@tensorflow/tfjs-core';
import { it } from 'vitest';
import { startWebGpu } from '../test/webgpu.ts';
import { defaultTiles, linearBackward, linearForward } from './ops/packed-linear/packed-linear.ts';
import { PackedMatrix } from './ops/packed-matrix/packed-matrix.ts';

it('t', async () => {
  await startWebGpu();
  for (const n of [512])
    for (const wide of [
      { tileM: 64, tileN: 64, tileK: 16, threadM: 8, threadN: 8 },
      { tileM: 32, tileN: 32, tileK: 16, threadM: 4, threadN: 4 },
      { tileM: 16, tileN: 16, tileK: 16, threadM: 4, threadN: 4 },
      { tileM: 64, tileN: 64, tileK: 64, threadM: 8, threadN: 8 },
      { tileM: 32, tileN: 128, tileK: 32, threadM: 8, threadN: 16 },
    ])
      for (const p of ['f32', 'f16'] as const) {
        const w = new Float32Array(n * n).map(() => Math.random());
        const weight = PackedMatrix.from(p, w, { rows: n, columns: n });
        const x = tf.tensor2d(w, [n, n]);
        const tiles = { ...defaultTiles, wide };
        let t = performance.now();
        const first = linearForward(x, { weight, bias: null }, { adapter: null, low: null }, tiles);
        await first.data();
        const compile = performance.now() - t;
        t = performance.now();
        for (let i = 0; i < 3; i++)
          linearForward(x, { weight, bias: null }, { adapter: null, low: null }, tiles).dispose();
        const last = linearForward(x, { weight, bias: null }, { adapter: null, low: null }, tiles);
        await last.data();
        const ms = (performance.now() - t) / 4;
        t = performance.now();
        await linearBackward(x, { weight, bias: null }, { adapter: null, dLow: null }, tiles).data();
        t = performance.now();
        await linearBackward(x, { weight, bias: null }, { adapter: null, dLow: null }, tiles).data();
        const bms = performance.now() - t;
        console.log(
          JSON.stringify(wide),
          p,
          'first',
          compile.toFixed(0),
          'then',
          ms.toFixed(1),
          ((2 * n ** 3) / ms / 1e6).toFixed(1),
          'GFLOP/s, backward',
          ((2 * n ** 3) / bms / 1e6).toFixed(1),
        );
      }
}, 200000);
