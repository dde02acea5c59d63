import { setFlagsFromString } from 'node:v8';
import { seededRandom } from '@perfit/protocol/space';
import { expect, it } from 'vitest';
import {
  FORMATS,
  isInBlocks,
  packedWords,
  packRows,
  paddedWidth,
  unpackRows,
} from '../src/ops/packed-matrix/formats.ts';
import { type SimdWay, startPrograms } from '../src/wasm/programs.ts';

// Node 20 has the relaxed instructions behind a flag; later ones have them.
setFlagsFromString('--experimental-wasm-relaxed-simd');

const [m, n, k] = [7, 21, 300];

/** A·Wᵀ and A'·W of one way, W·x and rows of W, with W in every format: next to what float64 gives. */
async function furthest(way: SimdWay): Promise<{ most: number; shortened: number }> {
  const memory = new WebAssembly.Memory({ initial: 64 });
  const { programs } = await startPrograms(memory, way);
  const random = seededRandom(4);
  const values = (count: number) => Float32Array.from({ length: count }, () => random() - 0.5);
  const w = values(n * k);
  let most = 0;
  let shortened = 0;
  FORMATS.forEach((format, code) => {
    const packed = packRows(format, { dtype: 'F32', values: w }, { rows: n, columns: k });
    const exact = unpackRows(format, packed, n, k);
    const [at, aAt, cAt, scratch] = [1 << 16, 1 << 18, 1 << 19, 1 << 20];
    new Uint32Array(memory.buffer, at, packed.length).set(packed);
    const scales = at + 4 * packedWords(format, n, k).values;
    for (const alongK of [true, false]) {
      const [from, to] = alongK ? [k, n] : [n, k];
      const a = values(m * from);
      new Float32Array(memory.buffer, aAt, a.length).set(a);
      const of = [code, m, to, from, 1, 0, aAt, 4 * from, 4, at, scales, paddedWidth(format, k), 0] as const;
      programs.multiply(...of, alongK ? 1 : 0, cAt, 4 * to, scratch);
      const c = new Float32Array(memory.buffer, cAt, m * to);
      for (let i = 0; i < m * to; i++) {
        const [row, column] = [Math.floor(i / to), i % to];
        let sum = 0;
        for (let j = 0; j < from; j++) {
          sum += (a[row * from + j] as number) * (exact[alongK ? column * k + j : j * k + column] as number);
        }
        most = Math.max(most, Math.abs(sum - (c[i] as number)));
      }
    }
    const x = values(k);
    new Float32Array(memory.buffer, aAt, k).set(x);
    const y = new Float32Array(memory.buffer, cAt, n).fill(1);
    // In blocks x has sixteen bits.
    programs.shortenRow(k - (k % 32), aAt, scratch);
    programs.multiplyVector(code, 0, n, k, aAt, scratch, at, scales, paddedWidth(format, k), cAt);
    for (let row = 0; row < n; row++) {
      const sum = x.reduce((sum, value, i) => sum + value * (exact[row * k + i] as number), 1);
      const error = Math.abs(sum - (y[row] as number));
      if (isInBlocks(format)) shortened = Math.max(shortened, error);
      else most = Math.max(most, error);
    }
    const ids = Int32Array.of(n - 1, 0, 3);
    new Int32Array(memory.buffer, aAt, ids.length).set(ids);
    programs.gather(code, at, scales, paddedWidth(format, k), k, aAt, ids.length, cAt);
    const gathered = new Float32Array(memory.buffer, cAt, ids.length * k);
    gathered.forEach((value, i) => {
      const wanted = exact[(ids[Math.floor(i / k)] as number) * k + (i % k)] as number;
      most = Math.max(most, Math.abs(wanted - value));
    });
  });
  return { most, shortened };
}

/** Q8_0 has −128, whose product with another of its kind no seven bits hold. */
it.each(['plain', 'relaxed'] as const)('multiplies the least whole numbers exactly: %s', async (way) => {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const { programs } = await startPrograms(memory, way);
  const [x, short, weights, scales, y] = [1024, 2048, 4096, 8192, 9216];
  new Float32Array(memory.buffer, x, 64).fill(-32767);
  new Int8Array(memory.buffer, weights, 64).fill(-128);
  new Uint16Array(memory.buffer, scales, 2).fill(0x3c00);
  programs.shortenRow(64, x, short);
  programs.multiplyVector(FORMATS.indexOf('int8'), 0, 1, 64, x, short, weights, scales, 64, y);
  expect(new Float32Array(memory.buffer, y, 1)[0]).toBe(64 * 128 * 32767);
});

it.each(['plain', 'relaxed'] as const)('multiplies by weights of every format, along both sides: %s', async (way) => {
  const { most, shortened } = await furthest(way);
  expect(most).toBeLessThan(5e-6);
  // 300 products of numbers up to a half, one of each in sixteen bits.
  expect(shortened).toBeLessThan(1e-4);
});
