import { describe, expect, it } from 'vitest';
import { guardAllocations } from './wasm-failure.ts';

/** An allocator that gives one address, and takes sizes modulo 2³², as Emscripten's does. */
function heapAt(address: number) {
  const freed: number[] = [];
  const asked: number[] = [];
  const heap = {
    _malloc: (bytes: number) => {
      asked.push(bytes % 2 ** 32);
      return bytes === 8 ? 8 : address;
    },
    _free: (address: number) => {
      freed.push(address);
    },
  };
  guardAllocations(heap);
  freed.length = 0;
  return { heap, freed };
}

describe('guardAllocations', () => {
  it('lets what lies below 2 GiB pass', () => {
    const { heap, freed } = heapAt(2 ** 31 - 4096);
    expect(heap._malloc(4096)).toBe(2 ** 31 - 4096);
    expect(freed).toEqual([]);
  });

  it.each([
    ['none, where there is no more memory', 0, 4096],
    ['one that ends beyond 2 GiB', 2 ** 31 - 4096, 4097],
    ['the lowest negative number, which 2 GiB is to signed numbers', -(2 ** 31), 64],
    ['another negative one', -64, 32],
    ['memory for a size that was taken modulo 2³²', 65_536, 2 ** 32 + 64],
  ])('refuses %s', (_, address, bytes) => {
    const { heap, freed } = heapAt(address);
    expect(() => heap._malloc(bytes)).toThrow(/^WebAssembly has no memory left for \d+ MB more\.$/);
    expect(freed).toEqual(address === 0 ? [] : [address]);
  });
});
