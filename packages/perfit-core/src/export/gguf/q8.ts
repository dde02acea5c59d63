import { finiteHalves } from '../halves.ts';

/** Values that share a scale. */
export const Q8_BLOCK = 32;
/** The scale as binary16, then a signed byte a value. */
export const Q8_BLOCK_BYTES = 2 + Q8_BLOCK;

/**
 * Blocks of ggml's Q8_0: d = max/127 as binary16, and every value over the unrounded d, halves away from zero.
 * @param values whole blocks
 * @throws ExportError `export-out-of-range`
 * Source: github.com/ggml-org/ggml, `quantize_row_q8_0_ref`.
 */
export function quantizeQ8(values: Float32Array, tensor: string): Uint8Array<ArrayBuffer> {
  const blocks = values.length / Q8_BLOCK;
  const scales = new Float32Array(blocks);
  const bytes = new Uint8Array(blocks * Q8_BLOCK_BYTES);
  const quants = new Int8Array(bytes.buffer);
  for (let block = 0; block < blocks; block++) {
    const first = block * Q8_BLOCK;
    let greatest = 0;
    for (let i = first; i < first + Q8_BLOCK; i++) {
      // A NaN stays the greatest, and is found below.
      greatest = Math.max(greatest, Math.abs(values[i] as number));
    }
    const scale = Math.fround(greatest / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    scales[block] = scale;
    const at = block * Q8_BLOCK_BYTES + 2;
    for (let i = 0; i < Q8_BLOCK; i++) quants[at + i] = roundAway(Math.fround((values[first + i] as number) * inverse));
  }
  const halves = finiteHalves(scales, tensor);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++) view.setUint16(block * Q8_BLOCK_BYTES, halves[block] as number, true);
  return bytes;
}

function roundAway(value: number): number {
  return value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
}
