// Plain JavaScript, so that a thread can run it as it is, whatever loads the rest of the program.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', ({ job, path, partBytes }) => {
  try {
    parentPort?.postMessage({ job, ...hashFile(path, partBytes) });
  } catch (error) {
    parentPort?.postMessage({ job, error: error instanceof Error ? error.message : String(error) });
  }
});

/**
 * SHA-256 of a file and of each of its parts, with what `fstat` said of it before: one part is in memory at a time.
 * @param {string} path
 * @param {number} partBytes
 */
function hashFile(path, partBytes) {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const { ino, size, mtimeMs } = fstatSync(file);
    const buffer = Buffer.allocUnsafe(Math.min(partBytes, size));
    const whole = createHash('sha256');
    const parts = [];
    for (let at = 0; at < size; ) {
      const filled = fill(file, buffer, at);
      if (filled === 0) throw new Error('it became shorter while it was read');
      const part = buffer.subarray(0, filled);
      whole.update(part);
      parts.push(createHash('sha256').update(part).digest('hex'));
      at += filled;
    }
    const after = fstatSync(file);
    if (after.size !== size || after.mtimeMs !== mtimeMs) throw new Error('it was written to while it was read');
    return { stamp: { ino, size, mtimeMs }, sha256: whole.digest('hex'), parts };
  } finally {
    closeSync(file);
  }
}

/** One read may give less than was asked for. */
function fill(file, buffer, position) {
  let filled = 0;
  while (filled < buffer.length) {
    const read = readSync(file, buffer, filled, buffer.length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}
