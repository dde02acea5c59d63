import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { knownStrategies, layoutOf, strategyOf } from '@perfit/federation';
import { federationConfigSchema } from '@perfit/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { parseSimulationConfig, withOwnStrategies } from './experiments/simulation-config.ts';
import { isStrategyFile, loadStrategy } from './own-strategy.ts';

const folder = mkdtempSync(join(tmpdir(), 'perfit-strategy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const example = fileURLToPath(new URL('../examples/share-attention.ts', import.meta.url));

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const whole = (name: string) => `{
  name: '${name}', title: 'T', description: 'D.', result: 'global', averaging: 'parameterwise',
  space: ({ rank, alpha }) => ({ rank, alpha, trains: 'both' }), mask() {}, receive() {}, exchanged() {}, start() {},
}`;

describe('a strategy of one’s own', () => {
  it('is the example’s: attention is shared, and the rest is not', async () => {
    const strategy = await loadStrategy(example);
    expect(strategyOf('share-attention')).toBe(strategy);
    const config = federationConfigSchema.parse({ name: 'x', model: 'y', strategy: 'share-attention' });
    const widths = { layers: 2, width: 4, queryWidth: 4, keyValueWidth: 2, feedForwardWidth: 6 };
    const layout = layoutOf(config, widths);
    const at = { config, round: 1 };
    const source = strategy.mask(at);
    if (source.kind !== 'whole') throw new Error('a plain LoRA is owned whole');
    const shared = strategy.exchanged(layout, source.positions(layout), at);
    for (const { projection, offset } of layout.tensors) expect(shared.has(offset)).toBe(/^[qkvo]_/.test(projection));
  });

  it('is registered once, however often it is asked for', async () => {
    const file = written('once.mjs', `export default ${whole('once')};`);
    const first = await loadStrategy(file);
    expect(await loadStrategy(file)).toBe(first);
    expect(knownStrategies().filter(({ name }) => name === 'once').length).toBe(1);
  });

  it.each([
    ['nothing.ts', null, 'There is no file'],
    ['broken.ts', 'export default {', 'cannot be run: '],
    ['throws.ts', 'throw new Error("no luck")', 'cannot be run: no luck'],
    ['empty.ts', 'export const a = 1;', 'its default export must be a strategy, or a function that returns one.'],
    ['half.ts', 'export default { name: "half", space() {} };', 'the strategy has no function mask.'],
    ['taken.ts', `export default ${whole('fedit')};`, 'There is a strategy "fedit" already.'],
    ['misnamed.ts', `export default ${whole('My Own')};`, 'A strategy cannot be called "My Own": Give the name'],
    [
      'blend.ts',
      `export default { ...${whole('blend')}, averaging: 'magic' };`,
      'averaging must be a function, or one of',
    ],
    ['end.ts', `export default { ...${whole('end')}, result: 'both' };`, 'result must be global or personal.'],
  ])('is refused with a sentence where it is none: %s', async (name, text, sentence) => {
    const file = text === null ? join(folder, name) : written(name, text);
    await expect(loadStrategy(file)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(sentence),
    });
  });

  it('is told from a name', () => {
    for (const file of ['./mine.ts', '../a/b.mjs', '/abs/mine', 'mine.js']) expect(isStrategyFile(file)).toBe(true);
    for (const name of ['perfit', 'fedit+ft', 'sub-fedavg']) expect(isStrategyFile(name)).toBe(false);
  });
});

describe('an experiment with one', () => {
  const experiment = (strategies: readonly string[]) =>
    parseSimulationConfig(
      join(folder, 'experiment.yaml'),
      JSON.stringify({ name: 'own', model: 'm', strategies, data: { files: ['a.jsonl'] } }),
    );

  it('knows it by its name from then on, and by its source, so that old cells are not taken for new ones', async () => {
    written('mine.ts', `export default ${whole('mine')};`);
    const config = await withOwnStrategies(experiment(['fedit', './mine.ts']));
    expect(config.strategies.map(({ name }) => name)).toEqual(['fedit', 'mine']);
    expect(config.strategies.map(({ source }) => source)).toEqual([undefined, expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  it('says which strategies there are where it names another', () => {
    expect(() => experiment(['perfitt'])).toThrow(
      /strategies\.0\.name: there is no strategy "perfitt"; there are perfit, fedit, .*, and files such as \.\/mine\.ts/,
    );
  });
});
