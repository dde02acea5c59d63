import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { importPeft, type LanguageModel, type PeftFiles, peftSpace } from '@perfit/core';
import type { Layout } from '@perfit/protocol/space';
import { UsageError } from './explain.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/** A PEFT adapter from its folder, in the layout that its own configuration says. */
export async function readAdapter(
  folder: string,
  model: LanguageModel,
): Promise<{ layout: Layout; theta: Float32Array }> {
  const read = (name: string) => {
    try {
      return readFileSync(join(resolve(folder), name));
    } catch {
      throw new UsageError(`${folder} has no ${name} that can be read: it is not a PEFT adapter's folder.`);
    }
  };
  const files: PeftFiles = { [CONFIG]: read(CONFIG).toString('utf8'), [WEIGHTS]: read(WEIGHTS) };
  const layout = model.layout(peftSpace(files[CONFIG]));
  return { layout, theta: await importPeft(layout, files) };
}

export function writeAdapter(folder: string, files: PeftFiles): void {
  mkdirSync(resolve(folder), { recursive: true });
  writeFileSync(join(resolve(folder), CONFIG), files[CONFIG]);
  writeFileSync(join(resolve(folder), WEIGHTS), files[WEIGHTS]);
}
