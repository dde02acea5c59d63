import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryMask, HASH_A, HASH_B } from '../../test/arbitraries.ts';
import { decodeMask, encodeMask, maskByteLimit, maskHash, ProtocolError, readMaskHeader, sha256Hex } from '../index.ts';
import { Mask, seededRandom } from '../space/index.ts';

const codeOf = (bytes: Uint8Array, expected: { layoutHash: string; size: number }) =>
  decodeMask(bytes, expected).then(
    () => 'accepted',
    (error: unknown) => {
      if (!(error instanceof ProtocolError)) throw error;
      return error.code;
    },
  );

const changed = (bytes: Uint8Array, offset: number, value: number) => {
  const copy = bytes.slice();
  copy[offset] = value;
  return copy;
};

const deflate = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'))).arrayBuffer(),
  );

/** A header that says `size` and `kept` before any payload. */
function forged(options: { encoding: number; size: number; kept: number; payload: Uint8Array }): Uint8Array {
  const bytes = new Uint8Array(48 + options.payload.length);
  bytes.set([0x50, 0x46, 0x4d, 0x4b, 1, options.encoding]);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, options.size, true);
  view.setUint32(12, options.kept, true);
  bytes.fill(0xa1, 16, 48);
  bytes.set(options.payload, 48);
  return bytes;
}

describe('mask codec', () => {
  it('[DC1] gives back the mask that was encoded, within the limit', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryMask(), async (mask) => {
        const bytes = await encodeMask(mask, HASH_A);
        expect(bytes.length).toBeLessThanOrEqual(maskByteLimit(mask.size));
        const decoded = await decodeMask(bytes, { layoutHash: HASH_A, size: mask.size });
        expect(decoded.equals(mask)).toBe(true);
        expect(decoded.kept).toBe(mask.kept);
      }),
    );
  });

  it('[DC1] deflates what gets smaller and packs what does not', async () => {
    const full = await encodeMask(Mask.full(80_000), HASH_A);
    expect(full[5]).toBe(1);
    expect(full.length).toBeLessThan(200);
    const random = seededRandom(1);
    const coins = Mask.from(80_000, () => random() < 0.5);
    const noise = await encodeMask(coins, HASH_A);
    expect(noise[5]).toBe(0);
    expect(noise.length).toBe(48 + 10_000);
  });

  it('[DC1] lays the header out as the specification says', async () => {
    const bytes = await encodeMask(
      Mask.from(11, (p) => p === 0 || p === 9),
      HASH_A,
    );
    const header = ['50464d4b', '01', '00', '0000', '0b000000', '02000000', HASH_A];
    expect(Buffer.from(bytes).toString('hex')).toBe(`${header.join('')}0102`);
    expect(readMaskHeader(bytes)).toEqual({ size: 11, kept: 2, layoutHash: HASH_A });
    expect(() => readMaskHeader(bytes.subarray(0, 47))).toThrow(ProtocolError);
  });

  it('[DC1] names what is wrong', async () => {
    const mask = Mask.from(11, (p) => p === 0 || p === 9);
    const expected = { layoutHash: HASH_A, size: 11 };
    const bytes = await encodeMask(mask, HASH_A);
    expect(await codeOf(bytes, expected)).toBe('accepted');
    expect(await codeOf(bytes.subarray(0, 47), expected)).toBe('codec-truncated');
    expect(await codeOf(bytes.subarray(0, 49), expected)).toBe('codec-truncated');
    expect(await codeOf(Uint8Array.of(...bytes, 0), expected)).toBe('codec-length');
    expect(await codeOf(changed(bytes, 0, 0x51), expected)).toBe('codec-magic');
    expect(await codeOf(changed(bytes, 4, 2), expected)).toBe('codec-version');
    expect(await codeOf(changed(bytes, 5, 7), expected)).toBe('codec-corrupt');
    expect(await codeOf(changed(bytes, 6, 1), expected)).toBe('codec-corrupt');
    expect(await codeOf(bytes, { layoutHash: HASH_B, size: 11 })).toBe('codec-layout');
    expect(await codeOf(bytes, { layoutHash: HASH_A, size: 12 })).toBe('codec-length');
    expect(await codeOf(changed(bytes, 12, 3), expected)).toBe('codec-corrupt');
    // A bit behind the end that the count of kept positions agrees with.
    expect(await codeOf(forged({ ...packed(11, 3), payload: Uint8Array.of(1, 0b1010) }), expected)).toBe(
      'codec-corrupt',
    );
  });

  it('[DC1] stops inflating behind the last byte that a mask of this size can have', async () => {
    const bomb = await deflate(new Uint8Array(64 * 1024 * 1024));
    const size = 1000;
    const bytes = forged({ encoding: 1, size, kept: 0, payload: bomb });
    const before = process.memoryUsage().arrayBuffers;
    expect(await codeOf(bytes, { layoutHash: HASH_A, size })).toBe('codec-length');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    const short = forged({ encoding: 1, size, kept: 0, payload: await deflate(new Uint8Array(124)) });
    expect(await codeOf(short, { layoutHash: HASH_A, size })).toBe('codec-truncated');
    const exact = forged({ encoding: 1, size, kept: 0, payload: await deflate(new Uint8Array(125)) });
    expect(await codeOf(exact, { layoutHash: HASH_A, size })).toBe('accepted');
  });

  it('[DC1] answers random bytes, truncations and flipped bits with a codec error or the truth', async () => {
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('flip' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('random' as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
      fc.record({ kind: fc.constant('payload' as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
    );
    await fc.assert(
      fc.asyncProperty(arbitraryMask(), damage, async (mask, how) => {
        const good = await encodeMask(mask, HASH_A);
        const bytes = damaged(good, how);
        const code = await codeOf(bytes, { layoutHash: HASH_A, size: mask.size });
        if (code !== 'accepted') expect(code).toMatch(/^codec-/);
        if (how.kind === 'cut' && how.at % good.length < 48) expect(code).toBe('codec-truncated');
      }),
      { numRuns: 300 },
    );
  });

  it('[DC2] names a mask by its size and bits', async () => {
    const mask = Mask.from(11, (p) => p === 0 || p === 9);
    expect(await maskHash(mask)).toBe(await sha256Hex(Uint8Array.of(11, 0, 0, 0, 0b1, 0b10)));
    expect(await maskHash(Mask.empty(9))).not.toBe(await maskHash(Mask.empty(10)));
  });
});

function packed(size: number, kept: number) {
  return { encoding: 0, size, kept };
}

type Damage = { kind: 'cut' | 'flip'; at: number } | { kind: 'random' | 'payload'; bytes: Uint8Array };

function damaged(good: Uint8Array, how: Damage): Uint8Array {
  switch (how.kind) {
    case 'cut':
      return good.slice(0, how.at % good.length);
    case 'flip': {
      const bit = how.at % (8 * good.length);
      return changed(good, bit >> 3, (good[bit >> 3] as number) ^ (1 << (bit & 7)));
    }
    case 'random':
      return how.bytes;
    case 'payload':
      return changed(Uint8Array.of(...good.subarray(0, 48), ...how.bytes), 5, 1);
  }
}
