import { narrowToFloat16 } from '../weights/safetensors-writer.ts';
import { ExportError } from './export-error.ts';

/** binary16 of every value. @throws ExportError `export-out-of-range` where one is too large for it, or no number */
export function finiteHalves(values: Float32Array, tensor: string): Uint16Array<ArrayBuffer> {
  const halves = narrowToFloat16(values);
  const at = halves.findIndex((half) => (half & 0x7c00) === 0x7c00);
  if (at < 0) return halves;
  throw new ExportError(
    'export-out-of-range',
    `The tensor ${tensor} has the value ${values[at]}, which a 16-bit float cannot hold.`,
    { tensor, value: values[at] },
  );
}

export function bytesOf(values: Float32Array | Uint16Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}
