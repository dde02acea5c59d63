import type { ManifestFile, ModelManifest } from './manifest.ts';
import { WeightsError } from './weights-error.ts';

const HASH = /^[0-9a-f]{64}$/;
/** No folder and nothing that a file system reads in a way of its own. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const LARGEST_PART = 64 << 20;

/** A manifest that came over the wire, checked. @param where for people: what sent it @throws WeightsError */
export function parseManifest(json: string, where: string): ModelManifest {
  const bad = (what: string) =>
    new WeightsError('weights-invalid-manifest', `The list of files that ${where} sent has ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new WeightsError('weights-invalid-manifest', `The list of files that ${where} sent is not JSON`, { cause });
  }
  if (!isObject(value)) throw bad('no fields');
  const { revision, partBytes, files } = value;
  if (typeof revision !== 'string' || !/^[\w-]{1,200}$/.test(revision)) throw bad('no usable revision');
  if (!isCount(partBytes) || partBytes === 0 || partBytes > LARGEST_PART) throw bad('no usable size of its parts');
  if (!Array.isArray(files)) throw bad('no files');
  const parsed = files.map((file: unknown) => parseFile(file, { partBytes, bad }));
  if (new Set(parsed.map(({ name }) => name)).size !== parsed.length) throw bad('a file twice');
  return { revision, partBytes, files: parsed };
}

function parseFile(value: unknown, of: { partBytes: number; bad: (what: string) => WeightsError }): ManifestFile {
  const { partBytes, bad } = of;
  if (!isObject(value)) throw bad('a file without fields');
  const { name, bytes, sha256, parts } = value;
  if (typeof name !== 'string' || !NAME.test(name)) throw bad('a file without a usable name');
  if (!isCount(bytes)) throw bad(`no usable size of ${name}`);
  if (sha256 !== null && !isHash(sha256)) throw bad(`no usable hash of ${name}`);
  if (parts === null) return { name, bytes, sha256, parts };
  if (!Array.isArray(parts) || parts.length !== Math.ceil(bytes / partBytes) || !parts.every(isHash)) {
    throw bad(`not one hash for each part of ${name}`);
  }
  return { name, bytes, sha256, parts };
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
