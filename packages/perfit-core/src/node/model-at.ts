import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { ggufFolder } from '../weights/gguf/gguf-folder.ts';
import type { ModelSource } from '../weights/source.ts';
import { WeightsError } from '../weights/weights-error.ts';
import { directorySource } from './directory-source.ts';

const GGUF = /\.gguf$/i;

/**
 * A model on this machine's disk: a Hugging Face folder, a GGUF file, or a folder that has one GGUF file.
 * @throws WeightsError where there is none, or where it is not clear which one is meant
 */
export async function modelAt(path: string): Promise<ModelSource> {
  const full = resolve(path);
  const found = await stat(full).catch(() => null);
  if (!found) throw new WeightsError('weights-missing-file', `There is no model ${path}`);
  if (!found.isDirectory()) {
    if (GGUF.test(full)) return ggufFolder(directorySource(dirname(full)), basename(full));
    const message = `${path} is no model: a Hugging Face folder is one, or a .gguf file`;
    throw new WeightsError('weights-no-safetensors', message);
  }
  const folder = directorySource(full);
  if (await folder.has('config.json')) return folder;
  const [first, ...more] = (await readdir(full)).filter((name) => GGUF.test(name)).sort();
  if (first === undefined) return folder;
  if (more.length === 0) return ggufFolder(folder, first);
  const message = `${path} has ${more.length + 1} GGUF files: name one of ${[first, ...more].join(', ')}`;
  throw new WeightsError('weights-ambiguous-folder', message);
}

/** What a model on disk is called: its folder, or its file without the ending. */
export function modelName(path: string): string {
  return basename(resolve(path)).replace(GGUF, '');
}
