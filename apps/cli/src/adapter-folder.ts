import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { importPeft, type LanguageModel, type PeftFiles, peftSpace } from '@perfit/core';
import { decodeMask, encodeMask } from '@perfit/protocol';
import { type Layout, layoutHash, type Mask } from '@perfit/protocol/space';
import { UsageError } from './explain.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
/** [DC1] Ours: PEFT does not look at it. */
const MASK = 'mask.bin';

export interface FolderAdapter {
  readonly layout: Layout;
  readonly theta: Float32Array;
  /** What its maker owned; null where the folder does not say. */
  readonly mask: Mask | null;
}

/** A PEFT adapter from its folder, in the layout that its own configuration says. */
export async function readAdapter(folder: string, model: Pick<LanguageModel, 'layout'>): Promise<FolderAdapter> {
  const read = (name: string) => {
    try {
      return readFileSync(join(resolve(folder), name));
    } catch {
      throw new UsageError(`${folder} has no ${name} that can be read: it is not a PEFT adapter's folder.`);
    }
  };
  const files: PeftFiles = { [CONFIG]: read(CONFIG).toString('utf8'), [WEIGHTS]: read(WEIGHTS) };
  const layout = model.layout(peftSpace(files[CONFIG]));
  const theta = await importPeft(layout, files);
  const hasMask = existsSync(join(resolve(folder), MASK));
  const expected = { layoutHash: await layoutHash(layout), size: layout.size };
  return { layout, theta, mask: hasMask ? await decodeMask(read(MASK), expected) : null };
}

/** @returns the files' names and bytes */
export async function writeAdapter(
  folder: string,
  files: PeftFiles,
  { layout, mask }: Pick<FolderAdapter, 'layout' | 'mask'>,
): Promise<{ name: string; bytes: number }[]> {
  mkdirSync(resolve(folder), { recursive: true });
  const written: [string, string | Uint8Array][] = [
    [CONFIG, files[CONFIG]],
    [WEIGHTS, files[WEIGHTS]],
  ];
  if (mask) written.push([MASK, await encodeMask(mask, await layoutHash(layout))]);
  for (const [name, content] of written) writeFileSync(join(resolve(folder), name), content);
  return written.map(([name, content]) => ({ name, bytes: Buffer.byteLength(content) }));
}
