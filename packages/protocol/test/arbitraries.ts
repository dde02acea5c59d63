import fc from 'fast-check';
import { Mask } from '../src/space/index.ts';

export const HASH_A = 'a1'.repeat(32);
export const HASH_B = '0f'.repeat(32);

/** A mask of up to `largest` positions, from empty to full; some compress, some do not. */
export function arbitraryMask(largest = 3000): fc.Arbitrary<Mask> {
  return fc
    .record({
      size: fc.integer({ min: 1, max: largest }),
      density: fc.constantFrom(0, 0.02, 0.5, 0.97, 1),
      seed: fc.nat(),
    })
    .map(({ size, density, seed }) => Mask.from(size, (p) => (Math.imul(p + 1, seed | 1) >>> 8) / 2 ** 24 < density));
}

/** Any binary32 number, specials and subnormals as often as the ordinary. */
export function arbitraryFloat(): fc.Arbitrary<number> {
  const fromBits = fc.nat(0xffffffff).map((bits) => new Float32Array(Uint32Array.of(bits).buffer)[0] as number);
  return fc.oneof(
    fromBits,
    fc.float(),
    fc.float({ min: -70000, max: 70000, noNaN: true }),
    fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4), noNaN: true }),
  );
}
