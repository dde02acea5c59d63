import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoraSpace } from '@perfit/protocol/space';
import { afterAll, describe, expect, it } from 'vitest';
import { perfit as commandLine } from '../../../e2e/demo/coordinator-process.ts';
import { besideProject, elsewhere, needsFile, needsLlamaCpp, needsTransformers } from '../../../testing/needs.ts';
import { writeSyntheticAdapter } from './synthetic-adapter.ts';

// What leaves answers elsewhere what it answers here: the same greedy text, by weights, tokenizer and template that the
// other program read from our files alone.

const here = dirname(fileURLToPath(import.meta.url));
const TOKENS = 24;
const questions = [
  'What is gravity?',
  'Schreib mir:\n\tzwei  Sätze über Brot 🥖, bitte! def f(x): return x**2 # <|why|>',
];

const models = [
  { name: 'the embedded model', path: join(here, '..', '..', '..', 'models', 'perfit-nano'), change: 1 / 20 },
  {
    name: 'SmolLM2-135M-Instruct from a GGUF file',
    path: besideProject('models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf'),
    change: 1 / 80,
  },
];

describe.concurrent.each(models)('$name', ({ path, change }) => {
  const needsModel = needsFile(path);
  const folder = mkdtempSync(join(tmpdir(), 'perfit-elsewhere-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let answered: ReturnType<typeof askHere> | undefined;
  /** What it answers here, with an adapter that changes it and with none: asked once for all tests. */
  function answersHere(): ReturnType<typeof askHere> {
    answered ??= askHere();
    return answered;
  }

  async function askHere(): Promise<{ base: string[]; tuned: string[] }> {
    await writeAdapter('adapter', (value, p) => value || ((p % 7) - 3) * change);
    await writeAdapter('nothing', (value) => value);
    const greedy = ['--max-tokens', `${TOKENS}`, '--temperature', '0', '--repetition-penalty', '1'];
    const adapter = ['--adapter', join(folder, 'adapter'), '--compare'];
    const replies = await Promise.all(
      questions.map(async (question) =>
        JSON.parse(await perfit('chat', path, ...adapter, ...greedy, '--ask', question, '--json')),
      ),
    );
    const base = replies.map((reply) => reply.base.text);
    const tuned = replies.map((reply) => reply.tuned.text);
    expect(tuned, 'the adapter changes what it answers').not.toEqual(base);
    return { base, tuned };
  }

  function writeAdapter(name: string, valued: (value: number, p: number) => number): Promise<void> {
    const space: LoraSpace = { rank: 4, alpha: 16, targets: ['q_proj', 'k_proj', 'down_proj'] };
    return writeSyntheticAdapter(join(folder, name), { model: path, space, valued });
  }

  /** @param adapter its folder's name here @returns the path of what was written */
  async function exported(adapter: string, format: string, type: string, out: string): Promise<string> {
    const written = join(folder, out);
    const what = ['--adapter', join(folder, adapter), '--format', format, '--type', type];
    await perfit('export', path, ...what, '--out', written);
    return written;
  }

  function inTransformers(model: string, adapter: string | null): Promise<string[]> {
    const program = join(here, 'elsewhere', 'answer_with_transformers.py');
    return ask(join(elsewhere, 'python', 'bin', 'python'), program, { model, adapter });
  }

  const transformers = { ...needsTransformers, ...needsModel, timeout: 300_000 };
  const llamaCpp = { ...needsLlamaCpp, ...needsModel, timeout: 300_000 };

  it('answers the same in transformers, and in PEFT with its adapter', transformers, async () => {
    const { base, tuned } = await answersHere();
    const model = await exported('nothing', 'merged', 'f32', 'base');
    const adapter = await exported('adapter', 'peft', 'f32', 'peft');
    expect(await inTransformers(model, null)).toEqual(base);
    expect(await inTransformers(model, adapter)).toEqual(tuned);
  });

  it('answers the same in transformers as a merged model', transformers, async () => {
    const { tuned } = await answersHere();
    expect(await inTransformers(await exported('adapter', 'merged', 'f32', 'merged'), null)).toEqual(tuned);
  });

  it('answers the same in llama.cpp as a GGUF file', llamaCpp, async () => {
    const { tuned } = await answersHere();
    const model = await exported('adapter', 'gguf', 'f16', 'tuned.gguf');
    const program = join(here, 'elsewhere', 'answer-with-llama-cpp.mjs');
    expect(await ask(process.execPath, program, { place: elsewhere, model })).toEqual(tuned);
  });
});

function perfit(...args: string[]): Promise<string> {
  return output(process.execPath, [...commandLine, ...args]);
}

async function ask(runtime: string, program: string, about: object): Promise<string[]> {
  return JSON.parse(await output(runtime, [program], JSON.stringify({ ...about, questions, tokens: TOKENS })));
}

/** What a program writes on its standard output. @throws {Error} with what it said besides, where it fails */
async function output(program: string, args: string[], input = ''): Promise<string> {
  const running = promisify(execFile)(program, args, { encoding: 'utf8' });
  running.child.stdin?.end(input);
  return (await running).stdout;
}
