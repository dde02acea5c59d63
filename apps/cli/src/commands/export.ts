import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  dimensions,
  exportPeft,
  type FloatDtype,
  type GgufType,
  ggufModel,
  loadTokenizer,
  type ModelSource,
  mergedModel,
  parseModelConfig,
  type StreamedFile,
} from '@perfit/core';
import { modelAt, modelName } from '@perfit/core/node';
import { buildLayout } from '@perfit/protocol/space';
import { Command, Option } from 'commander';
import { readAdapter, writeAdapter } from '../adapter-folder.ts';
import { UsageError } from '../explain.ts';
import { baseModelName } from '../hub-origin.ts';

type Format = 'peft' | 'merged' | 'gguf';

interface Flags {
  readonly adapter: string;
  readonly format: Format;
  readonly type?: string;
  readonly out: string;
  readonly json: boolean;
}

interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
}

/** The first is the default where nothing is asked for; null keeps the base model's own. */
const TYPES: Readonly<Record<Format, Readonly<Record<string, GgufType | FloatDtype | null>>>> = {
  peft: { f32: 'F32', f16: 'F16', bf16: 'BF16' },
  merged: { own: null, f32: 'F32', f16: 'F16', bf16: 'BF16' },
  gguf: { f16: 'f16', q8_0: 'q8_0' },
};

export function exportCommand(): Command {
  return new Command('export')
    .description('writes a tuned model for other tools: the adapter alone, merged into its base, or as GGUF')
    .argument('<model>', 'the model that the adapter was tuned on: a Hugging Face folder or a GGUF file')
    .requiredOption('--adapter <dir>', 'a PEFT adapter')
    .addOption(
      new Option('--format <name>', 'peft: an adapter again; merged: a model folder; gguf: one file for llama.cpp')
        .choices(['peft', 'merged', 'gguf'])
        .makeOptionMandatory(),
    )
    .option('--type <name>', 'gguf: f16 or q8_0; peft: f32, f16 or bf16; merged: those, or the base model’s own')
    .requiredOption('--out <path>', 'a folder; for gguf a file, or a folder that is there')
    .option('--json', 'what was written as JSON', false)
    .action(write);
}

async function write(modelFolder: string, flags: Flags): Promise<void> {
  const source = await modelAt(modelFolder);
  if (resolve(flags.out) === resolve(modelFolder)) {
    throw new UsageError('The base model must not be overwritten while it is read: give another --out.');
  }
  const type = typeOf(flags);
  const config = parseModelConfig(await source.text('config.json'));
  const adapter = await readAdapter(flags.adapter, { layout: (space) => buildLayout(dimensions(config), space) });
  const { out, files } = await writeAs({ source, adapter, modelFolder, type, flags });
  if (flags.json) process.stdout.write(`${JSON.stringify({ format: flags.format, out, files })}\n`);
  else
    process.stdout.write(`${files.map(({ name, bytes }) => `${name} (${megabytes(bytes)})`).join(', ')} in ${out}\n`);
}

async function writeAs(work: {
  source: ModelSource;
  adapter: Awaited<ReturnType<typeof readAdapter>>;
  modelFolder: string;
  type: GgufType | FloatDtype | null;
  flags: Flags;
}): Promise<{ out: string; files: WrittenFile[] }> {
  const { source, adapter, modelFolder, type, flags } = work;
  const out = resolve(flags.out);
  switch (flags.format) {
    case 'peft': {
      const dtype = type as FloatDtype;
      const files = exportPeft(adapter.layout, adapter.theta, { ...baseModelName(modelFolder), dtype });
      return { out, files: await writeAdapter(out, files, adapter) };
    }
    case 'merged': {
      const dtype = type as FloatDtype | null;
      const files = await mergedModel({ source, adapter }, dtype ? { dtype } : {});
      for (const file of files) await writeFile(join(out, file.name), file);
      return { out, files: files.map(({ name, bytes }) => ({ name, bytes })) };
    }
    case 'gguf': {
      const tokenizer = await loadTokenizer(source);
      const name = `${modelName(modelFolder)}-tuned`;
      const file = await ggufModel({ source, adapter }, { type: type as GgufType, name, tokenizer });
      const path = existsSync(out) && statSync(out).isDirectory() ? join(out, file.name) : out;
      await writeFile(path, file);
      if (file.notice) process.stderr.write(`${file.notice}\n`);
      return { out: dirname(path), files: [{ name: basename(path), bytes: file.bytes }] };
    }
  }
}

function typeOf({ format, type }: Flags): GgufType | FloatDtype | null {
  const types = TYPES[format];
  const name = type ?? (Object.keys(types)[0] as string);
  const found = types[name];
  if (found !== undefined) return found;
  throw new UsageError(`--format ${format} has no --type ${name}: ${Object.keys(types).join(', ')} are there.`);
}

/** Bytes; smaller files are there at once. */
const WORTH_TELLING = 1_000_000;

/** Under another name until it is whole. */
async function writeFile(path: string, file: StreamedFile): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.unfinished`;
  const handle = await open(unfinished, 'w');
  try {
    let written = 0;
    let told = 0;
    for await (const chunk of file.chunks()) {
      await handle.writeFile(chunk);
      written += chunk.length;
      const tenths = Math.floor((10 * written) / file.bytes);
      if (file.bytes < WORTH_TELLING || tenths === told) continue;
      told = tenths;
      process.stderr.write(`${file.name}: ${told}0 % of ${megabytes(file.bytes)}\n`);
    }
    await handle.sync();
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  renameSync(unfinished, path);
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}
