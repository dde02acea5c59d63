import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { perfit } from './coordinator-process.ts';

const ON_THE_HUB = /^[\w.-]+\/[\w.-]+(:[\w.-]+)?(@[\w./-]+)?$/;

/** Where a coordinator finds a model. */
export interface ServedModel {
  readonly modelsDirectory: string;
  readonly id: string;
}

/**
 * A model by what people write: a folder, a GGUF file, or a repository of the Hub, which is fetched.
 * @param scratch a folder for what must be made
 * @throws Error with a sentence where there is no such model
 */
export function servedModel(model: string, scratch: string): ServedModel {
  const path = resolve(model);
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return { modelsDirectory: dirname(path), id: basename(path) };
    if (!/\.gguf$/i.test(path)) throw new Error(`${model} is no model: a Hugging Face folder is one, or a .gguf file.`);
    const id = basename(path).slice(0, -'.gguf'.length);
    mkdirSync(join(scratch, id), { recursive: true });
    linkOrCopy(path, join(scratch, id, basename(path)));
    return { modelsDirectory: scratch, id };
  }
  if (!ON_THE_HUB.test(model)) throw new Error(`There is no model ${model}.`);
  const args = [...perfit, 'pull', model, '--to', scratch];
  mkdirSync(scratch, { recursive: true });
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [id] = readdirSync(scratch).filter((name) => !name.startsWith('.'));
  if (status !== 0 || id === undefined) throw new Error(`${model} could not be fetched.`);
  return { modelsDirectory: scratch, id };
}

/** No second copy of gigabytes, where both lie on one disk. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
