import { setFlagsFromString } from 'node:v8';
import { seededRandom } from '@perfit/protocol/space';
import { expect, it } from 'vitest';
import { PRECISIONS, packedWords, packRows, paddedWidth, unpackRows } from '../ops/packed-matrix/formats.ts';
import { type SimdWay, startPrograms } from './programs.ts';

// Node 20 has the relaxed instructions behind a flag; later ones have them.
setFlagsFromString('--experimental-wasm-relaxed-simd');

const [m, n, k] = [7, 21, 300];

/** A·Wᵀ and A'·W of one way, with W in every precision: next to what float64 gives. */
async function furthest(way: SimdWay): Promise<number> {
  const memory = new WebAssembly.Memory({ initial: 64 });
  const { programs } = await startPrograms(memory, way);
  const random = seededRandom(4);
  const values = (count: number) => Float32Array.from({ length: count }, () => random() - 0.5);
  const w = values(n * k);
  let most = 0;
  PRECISIONS.forEach((precision, code) => {
    const packed = packRows(precision, { dtype: 'F32', values: w }, { rows: n, columns: k });
    const exact = unpackRows(precision, packed, n, k);
    const [at, aAt, cAt, scratch] = [1 << 16, 1 << 18, 1 << 19, 1 << 20];
    new Uint32Array(memory.buffer, at, packed.length).set(packed);
    const scales = at + 4 * packedWords(precision, n, k).values;
    for (const alongK of [true, false]) {
      const [from, to] = alongK ? [k, n] : [n, k];
      const a = values(m * from);
      new Float32Array(memory.buffer, aAt, a.length).set(a);
      const of = [code, m, to, from, 1, 0, aAt, 4 * from, 4, at, scales, paddedWidth(k), 0] as const;
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
  });
  return most;
}

it.each(['plain', 'relaxed'] as const)(
  'multiplies by weights of every precision, along both sides: %s',
  async (way) => {
    expect(await furthest(way)).toBeLessThan(5e-6);
  },
);
