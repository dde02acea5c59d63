import { ProtocolError } from '../errors.ts';

/**
 * Values that share a scale. A scale costs 4 bytes, so that a value has 1.0625 bytes in blocks of 64: half of what
 * blocks of 32 add to its one byte. Longer ones would save 6 % at most, and the largest value of each coarsens more others.
 */
const BLOCK = 64;
/** The last step to either side; −128 is left out, so that negating the values negates the steps. */
const LAST_STEP = 127;
/** binary32: what is learned slowly would have scales among binary16's subnormals, or below them. */
const SCALE_BYTES = 4;

/** Below it binary32 is subnormal, and rounding a scale could cost a value more than half a step. */
const MIN_SCALE = 2 ** -126;
const LARGEST_FLOAT = (2 - 2 ** -23) * 2 ** 127;
/** A little less than the largest number asks for, so that no rounding takes the last step to infinity. */
const MAX_SCALE = Math.fround((LARGEST_FLOAT / LAST_STEP) * (1 - 2 ** -23));

/** The length of `count` values in blocks, the last of them perhaps short. */
export function int8ByteLength(count: number): number {
  return SCALE_BYTES * blocksOf(count) + count;
}

/**
 * [DC2] A binary32 scale a block, then an int8 step a value: value ≈ step · scale, off by half a scale at most.
 * A block with a NaN or an infinity gets the scale NaN: no step could say it, and the receiver must see it (UP3).
 */
export function writeInt8(view: DataView, offset: number, values: Float32Array): void {
  const stepsAt = offset + SCALE_BYTES * blocksOf(values.length);
  for (let block = 0; block < blocksOf(values.length); block++) {
    const start = block * BLOCK;
    const end = Math.min(start + BLOCK, values.length);
    const scale = scaleOf(values, start, end);
    view.setFloat32(offset + SCALE_BYTES * block, scale, true);
    // Zeros and NaN have no steps to take: their bytes stay zero.
    if (!(scale > 0)) continue;
    for (let i = start; i < end; i++) view.setInt8(stepsAt + i, nearestStep((values[i] as number) / scale));
  }
}

/** [DC2] @returns [count]. @throws ProtocolError `codec-corrupt` for a scale or a step that no writer writes */
export function readInt8(view: DataView, offset: number, count: number): Float32Array {
  const stepsAt = offset + SCALE_BYTES * blocksOf(count);
  const values = new Float32Array(count);
  for (let block = 0; block < blocksOf(count); block++) {
    const scale = view.getFloat32(offset + SCALE_BYTES * block, true);
    if (scale < 0 || scale === Number.POSITIVE_INFINITY) {
      throw new ProtocolError('codec-corrupt', `Block ${block} of the values has the scale ${scale}.`);
    }
    const end = Math.min((block + 1) * BLOCK, count);
    for (let i = block * BLOCK; i < end; i++) values[i] = readStep(view, stepsAt + i) * scale;
  }
  return values;
}

/** @returns the binary32 scale of a block: 0 where all is zero, NaN where something is not finite */
function scaleOf(values: Float32Array, start: number, end: number): number {
  let largest = 0;
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(values[i] as number);
    if (!Number.isFinite(magnitude)) return Number.NaN;
    if (magnitude > largest) largest = magnitude;
  }
  if (largest === 0) return 0;
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, Math.fround(largest / LAST_STEP)));
}

/** The bounds hold off what the scale's own rounding adds to the largest of a block. */
function nearestStep(value: number): number {
  return Math.max(-LAST_STEP, Math.min(LAST_STEP, Math.round(value)));
}

function readStep(view: DataView, at: number): number {
  const step = view.getInt8(at);
  if (step < -LAST_STEP) throw new ProtocolError('codec-corrupt', `A step of the values is ${step}.`);
  return step;
}

function blocksOf(count: number): number {
  return Math.ceil(count / BLOCK);
}
