import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { ggufFolder } from '../weights/gguf/gguf-folder.ts';
import { chooseModelFiles, isGguf } from '../weights/model-files.ts';
import type { ModelSource } from '../weights/source.ts';
import { WeightsError } from '../weights/weights-error.ts';
import { directorySource } from './directory-source.ts';

/** `folder:Q4_1`, where there is such a folder and no such path. */
const WITH_QUANTIZATION = /^(.+):([\w.-]+)$/;

/** Where a model lies: in a Hugging Face folder, or in one GGUF file of a folder. */
export interface ModelPlace {
  readonly folder: string;
  readonly gguf: string | null;
}

/**
 * A model on this machine's disk: a Hugging Face folder, a GGUF file, a folder that has one GGUF file, or `folder:Q4_1` for
 * one of several.
 * @throws WeightsError where there is none, or where it is not clear which one is meant
 */
export async function modelAt(path: string): Promise<ModelSource> {
  const { folder, gguf } = await modelPlace(path);
  const source = directorySource(folder);
  return gguf === null ? source : ggufFolder(source, gguf);
}

/** Where {@link modelAt} finds it. @throws WeightsError */
export async function modelPlace(path: string): Promise<ModelPlace> {
  const full = resolve(path);
  const found = await stat(full).catch(() => null);
  if (!found) {
    const [, folder, quantization] = WITH_QUANTIZATION.exec(full) ?? [];
    const isFolder = folder !== undefined && (await stat(folder).catch(() => null))?.isDirectory();
    if (!isFolder) throw new WeightsError('weights-missing-file', `There is no model ${path}`);
    return await placeIn(folder, path.slice(0, path.lastIndexOf(':')), quantization);
  }
  if (found.isDirectory()) return await placeIn(full, path);
  if (isGguf(full)) return { folder: dirname(full), gguf: basename(full) };
  const message = `${path} is no model: a Hugging Face folder is one, or a .gguf file`;
  throw new WeightsError('weights-no-safetensors', message);
}

async function placeIn(folder: string, path: string, quantization?: string): Promise<ModelPlace> {
  const names = new Set(await readdir(folder));
  // What a Hugging Face folder lacks is said by what asks for it.
  if (quantization === undefined && ![...names].some(isGguf)) return { folder, gguf: null };
  const asked = quantization === undefined ? {} : { quantization };
  const text = (name: string) => directorySource(folder).text(name);
  const [chosen] = await chooseModelFiles({ names, where: path, text, ...asked });
  return { folder, gguf: chosen !== undefined && isGguf(chosen) ? chosen : null };
}

/** What a model on disk is called: its folder, or its file without the ending. */
export function modelName(path: string): string {
  const name = basename(resolve(path)).replace(':', '-');
  return isGguf(name) ? name.slice(0, -'.gguf'.length) : name;
}
