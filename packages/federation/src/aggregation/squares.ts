import { BLOCK, SumsKernel } from './kernel/sums-kernel.ts';

/** Fewer are added up before the kernel would be called. */
const FEW = 1 << 10;
const LANES = 8;

let kernel: SumsKernel | null = null;

/** Σ x², in double precision, and not finite where a value is not. */
export function sumOfSquares(values: Float32Array): number {
  let total = 0;
  for (let start = 0; start < values.length; start += BLOCK) {
    const block = values.subarray(start, start + BLOCK);
    if (block.length < FEW) total += naiveSquares(block);
    else {
      kernel ??= new SumsKernel(0);
      total += kernel.squares(block);
    }
  }
  return total;
}

/** One block as the kernel adds it up, to the bit: eight lanes, which are added in the kernel's order. */
export function naiveSquares(values: Float32Array): number {
  const lanes = new Float64Array(LANES);
  const lane = (index: number) => lanes[index] as number;
  values.forEach((value, i) => {
    lanes[i % LANES] = lane(i % LANES) + value * value;
  });
  const half = (first: number) => lane(first) + lane(first + 2) + (lane(first + 4) + lane(first + 6));
  return half(0) + half(1);
}
