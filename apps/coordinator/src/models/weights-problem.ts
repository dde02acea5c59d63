import { type FileHandle, open, readFile } from 'node:fs/promises';
import { isGguf, isLfsPointer, lfsPointerSentence } from '@perfit/core/files';
import { z } from 'zod';
import type { GgufFiles } from './gguf-files.ts';
import type { ModelFile } from './model-catalogue.ts';
import { ReadOnce } from './read-once.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** The format's own limit on its header. */
const LARGEST_HEADER = 100_000_000;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });
const headerSchema = z.record(
  z.string(),
  z.looseObject({ data_offsets: z.tuple([z.number(), z.number()]).optional() }),
);

/** Bytes of a whole file; null where its header cannot be read. */
type Wanted = number | 'lfs-pointer' | null;

export interface WeightsProblem {
  /** `absent`: there are none. `incomplete`: some are there, as while a folder is being copied. */
  readonly kind: 'absent' | 'incomplete';
  /** For the operator. */
  readonly text: string;
}

/** Whether the weights of a folder are all there, as far as names, sizes and headers tell; no weights are read. */
export class WeightsCheck {
  private readonly lengths = new ReadOnce<Wanted>();
  private readonly ggufs: GgufFiles;

  constructor(ggufs: GgufFiles) {
    this.ggufs = ggufs;
  }

  async problem(files: readonly ModelFile[]): Promise<WeightsProblem | null> {
    const [gguf, ...more] = files.filter(({ name }) => isGguf(name));
    if (gguf) {
      if (more.length) return incomplete(`It has ${more.length + 1} GGUF files: each model has a folder of its own.`);
      const text = await this.ggufs.problem(gguf);
      return text === null ? null : incomplete(text);
    }
    const byName = new Map(files.map((file) => [file.name, file]));
    const single = byName.get(SINGLE);
    if (single) return await this.lengthProblem(single);
    const index = byName.get(INDEX);
    if (!index) return { kind: 'absent', text: `It has no weights: neither ${SINGLE} nor ${INDEX} is there.` };
    const shards = await shardsOf(index);
    if (!shards) return incomplete(`${INDEX} cannot be read: it is damaged, or still being copied.`);
    const missing = shards.filter((name) => !byName.has(name));
    if (missing.length) {
      const named = `${missing.slice(0, 3).join(', ')}${missing.length > 3 ? `, … (${missing.length} in all)` : ''}`;
      return incomplete(`Weights are missing that its index names: ${named}.`);
    }
    for (const name of shards) {
      const problem = await this.lengthProblem(byName.get(name) as ModelFile);
      if (problem) return problem;
    }
    return null;
  }

  private async lengthProblem(file: ModelFile): Promise<WeightsProblem | null> {
    const { name, stats } = file;
    const wanted = await this.wantedLength(file);
    if (wanted === 'lfs-pointer') return incomplete(lfsPointerSentence(name));
    if (wanted === null)
      return incomplete(`${name} has no header that can be read: it is damaged, or still being copied.`);
    if (wanted === stats.size) return null;
    const why = stats.size < wanted ? 'it is still being copied, or cut off' : 'it is damaged';
    return incomplete(`${name} has ${stats.size} bytes where its header says ${wanted}: ${why}.`);
  }

  private wantedLength(file: ModelFile): Promise<Wanted> {
    return this.lengths.of([file], () => lengthByHeader(file.path).catch(() => null));
  }
}

function incomplete(text: string): WeightsProblem {
  return { kind: 'incomplete', text };
}

async function shardsOf({ path }: ModelFile): Promise<string[] | null> {
  try {
    const { weight_map: map } = indexSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return [...new Set(Object.values(map))].sort();
  } catch {
    return null;
  }
}

/** Bytes of the whole file by what its header says of its tensors. */
async function lengthByHeader(path: string): Promise<Wanted> {
  const file = await open(path, 'r');
  try {
    const beginning = await read(file, 0, 8);
    if (isLfsPointer(beginning)) return 'lfs-pointer';
    const length = Number(beginning.readBigUInt64LE());
    if (length > LARGEST_HEADER) throw new Error('no header is that long');
    const text = (await read(file, 8, length)).toString('utf8');
    const tensors = Object.values(headerSchema.parse(JSON.parse(text)));
    return 8 + length + tensors.reduce((end, { data_offsets: at }) => Math.max(end, at?.[1] ?? 0), 0);
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { size } = await file.stat();
  if (position + length > size) throw new Error('the file ends before');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw new Error('the file ends before');
  return buffer;
}
