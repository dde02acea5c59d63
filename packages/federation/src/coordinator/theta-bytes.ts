/** theta as it lies on disk: float32, little-endian, in layout order. */
export function thetaToBytes(theta: Float32Array): Uint8Array {
  if (littleEndian) return new Uint8Array(theta.buffer, theta.byteOffset, theta.byteLength);
  const bytes = new Uint8Array(theta.length * 4);
  const view = new DataView(bytes.buffer);
  theta.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return bytes;
}

/** @returns [N], a copy */
export function thetaFromBytes(bytes: Uint8Array): Float32Array {
  // A Buffer's own slice would be a view, into memory that it may share.
  const copy = new Uint8Array(bytes);
  if (littleEndian) return new Float32Array(copy.buffer, 0, copy.length / 4);
  const view = new DataView(copy.buffer);
  return Float32Array.from({ length: copy.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
