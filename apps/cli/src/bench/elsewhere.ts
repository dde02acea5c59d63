import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../project-root.ts';

// What others make of the same work on the same machine, where they are installed: PyTorch with PEFT, and llama.cpp. Each runs
// in a process of its own, and is asked by JSON.

const scripts = fileURLToPath(new URL('./elsewhere/', import.meta.url));

/** Where `scripts/install-elsewhere.sh` puts them. */
const elsewhere = join(projectRoot, '.perfit', 'elsewhere');

export interface TorchRates {
  readonly version: string;
  readonly tokensPerSecond: number;
  /** Of a product of 480 x 576 x 1,536. */
  readonly gflops: number;
}

export interface TorchWish {
  readonly config: unknown;
  readonly rows: number;
  readonly length: number;
  readonly rank: number;
  readonly steps: number;
  readonly threads: number;
  readonly dtype: 'float32' | 'bfloat16';
}

/** @param python a program that has PyTorch, transformers and PEFT   @returns why it cannot be told, in a sentence */
export async function torchRates(python: string, wish: TorchWish): Promise<TorchRates | string> {
  return await answer<TorchRates>(python, 'torch_step.py', wish);
}

export interface LlamaCppRates {
  readonly prefill: number;
  readonly decode: number;
}

/** @param model a GGUF file */
export async function llamaCppRates(
  model: string,
  wish: { readonly prompt: number; readonly words: number; readonly threads: number },
): Promise<LlamaCppRates | string> {
  if (!existsSync(join(elsewhere, 'node_modules', 'node-llama-cpp'))) return notInstalled;
  return await answer<LlamaCppRates>(process.execPath, 'llama-cpp-rates.mjs', { place: elsewhere, model, ...wish });
}

/** The program that {@link torchRates} takes where nobody names another. */
export function installedPython(): string | null {
  const python = join(elsewhere, 'python', 'bin', 'python');
  return existsSync(python) ? python : null;
}

export const notInstalled = 'it is not installed: scripts/install-elsewhere.sh';

async function answer<T>(program: string, script: string, asked: unknown): Promise<T | string> {
  const child = spawn(program, [join(scripts, script)], { stdio: ['pipe', 'pipe', 'pipe'] });
  const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(error.message)));
  // Whoever ends before it has read everything says why on its standard error.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(asked));
  const told = Promise.all([text(child.stdout), text(child.stderr)]).then(([out, error]) => {
    try {
      return JSON.parse(out) as T;
    } catch {
      return `it failed: ${error.trim().split('\n').at(-1) ?? 'without a word'}`;
    }
  });
  return await Promise.race([told, failed]);
}
