import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { knownStrategies, registerStrategy, type Strategy, type StrategyKit, strategyKit } from '@perfit/federation';
import { Option } from 'commander';
import { UsageError } from './explain.ts';

/** Where a strategy is meant by a file rather than by its name. */
export function isStrategyFile(text: string): boolean {
  return /^\.{0,2}\//.test(text) || /\.[cm]?[jt]s$/.test(text);
}

export function strategyOption(): Option {
  return new Option(
    '--strategy <file>',
    'a strategy of your own: a module whose default export is a strategy, or makes one; may be given several times',
  )
    .argParser((file: string, files: readonly string[]) => [...files, file])
    .default([], 'none');
}

export async function registerStrategies(files: readonly string[]): Promise<void> {
  for (const file of files) await loadStrategy(file);
}

const loaded = new Map<string, Strategy>();

/**
 * Runs the module, and registers the strategy under its name: once, however often it is asked for.
 * @param file a JavaScript or TypeScript module   @throws UsageError with what is wrong with it
 */
export async function loadStrategy(file: string): Promise<Strategy> {
  const path = resolve(file);
  const before = loaded.get(path);
  if (before) return before;
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`There is no file ${file} with a strategy.`);
  const strategy = strategyIn(await imported(path, file), file);
  try {
    registerStrategy(strategy);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
  loaded.set(path, strategy);
  return strategy;
}

async function imported(path: string, file: string): Promise<unknown> {
  try {
    // Loaded for those who bring one alone.
    const { tsImport } = await import('tsx/esm/api');
    const module: { default?: unknown } = await tsImport(pathToFileURL(path).href, import.meta.url);
    // Outside a package of ES modules a file becomes CommonJS, whose exports are the default export.
    const exported = module.default;
    const isWrapped = typeof exported === 'object' && exported !== null && '__esModule' in exported;
    return isWrapped ? (exported as { default?: unknown }).default : exported;
  } catch (error) {
    throw new UsageError(`${file} cannot be run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const METHODS = ['space', 'mask', 'receive', 'exchanged', 'start'] as const;

function strategyIn(exported: unknown, file: string): Strategy {
  const made = typeof exported === 'function' ? (exported as (kit: StrategyKit) => unknown)(strategyKit) : exported;
  if (typeof made !== 'object' || made === null)
    throw new UsageError(`${file}: its default export must be a strategy, or a function that returns one.`);
  const strategy = made as Record<string, unknown>;
  for (const method of METHODS) {
    if (typeof strategy[method] !== 'function')
      throw new UsageError(`${file}: the strategy has no function ${method}.`);
  }
  for (const word of ['name', 'title', 'description']) {
    if (typeof strategy[word] !== 'string') throw new UsageError(`${file}: the strategy has no ${word}.`);
  }
  if (strategy.result !== 'global' && strategy.result !== 'personal')
    throw new UsageError(`${file}: the strategy's result must be global or personal.`);
  const averagings = new Set(knownStrategies().map(({ averaging }) => averaging));
  const isKnown = averagings.has(strategy.averaging as Strategy['averaging']);
  if (!isKnown && typeof strategy.averaging !== 'function')
    throw new UsageError(
      `${file}: the strategy's averaging must be a function, or one of ${[...averagings].join(', ')}.`,
    );
  return made as Strategy;
}
