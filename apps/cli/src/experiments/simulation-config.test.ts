import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { federationConfig, parseSimulationConfig, readSimulationConfig } from './simulation-config.ts';

const experiments = fileURLToPath(new URL('../../../../experiments/', import.meta.url));

const least = `
name: A test
model: ../models/nano
strategies: [fedit, { name: perfit, setting: all of it, overrides: { receive: all, search: { iterations: 7 } } }]
data: { files: [a.jsonl, b.jsonl] }
`;
const parse = (text: string) => parseSimulationConfig('/tmp/experiments/a.yaml', text);
const refusal = (text: string) => {
  try {
    parse(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
};

const dataOf = (data: string) => least.replace('data: { files: [a.jsonl, b.jsonl] }', `data: { ${data} }`);

describe('an experiment’s config', () => {
  it('fills in what is left out, and takes paths as relative to its file', () => {
    const config = parse(least);
    expect(config).toMatchObject({
      model: '/tmp/models/nano',
      seeds: [1],
      data: { files: ['/tmp/experiments/a.jsonl', '/tmp/experiments/b.jsonl'], heldOut: 24 },
    });
    const [fedit, perfit] = config.strategies;
    expect(fedit).toMatchObject({ name: 'fedit', setting: 'default', settings: { receive: 'owned' } });
    expect(perfit).toMatchObject({ setting: 'all of it', settings: { receive: 'all', search: { iterations: 7 } } });
    expect(perfit?.settings.search.batches).toBe(fedit?.settings.search.batches);
  });

  it('takes clients by their files, described, and dealt out of a corpus, all at once', () => {
    const { data } = parse(
      dataOf(`
        files: [a.jsonl],
        clients: [{ name: stories, files: [../b.json] }, { name: closed, files: [c.json], where: { category: closed_qa } }],
        corpus: [d.json],
        partition: { by: field, field: category, values: [brainstorming, summarization] },
        train: 64, trainAtLeast: 16, validation: 8`),
    );
    expect(data.clients).toEqual([
      { name: 'stories', files: ['/tmp/b.json'] },
      { name: 'closed', files: ['/tmp/experiments/c.json'], where: { category: 'closed_qa' } },
    ]);
    expect(data).toMatchObject({ files: ['/tmp/experiments/a.jsonl'], corpus: ['/tmp/experiments/d.json'] });
    expect(data).toMatchObject({ train: 64, trainAtLeast: 16, heldOut: 24, validation: 8 });
  });

  it('[RD2] makes a federation of everybody, unless it says otherwise', () => {
    const of = (text: string) => {
      const config = parse(text);
      const [strategy] = config.strategies;
      if (!strategy) throw new Error('there is no strategy');
      return federationConfig(config, {
        strategy,
        seed: 5,
        clients: 4,
        recipe: { learningRate: 1e-3, decay: 'cosine' },
      });
    };
    expect(of(least)).toMatchObject({ seed: 5, model: 'nano', schedule: { goal: 4, recruit: 4, minimum: 1 } });
    expect(of(`${least}schedule: { rounds: 9, goal: 3, minimum: 2 }`).schedule).toMatchObject({
      rounds: 9,
      goal: 3,
      recruit: 4,
      minimum: 2,
    });
    // [PF4] The model's recipe, where the file says no rate.
    expect(of(least).tuning).toMatchObject({ learningRate: 1e-3, decay: 'cosine', epochs: 1 });
    const said = of(`${least}tuning: { learningRate: 0.02 }`).tuning;
    expect([said.learningRate, said.decay]).toEqual([0.02, 'cosine']);
    expect(of(`${least}tuning: { decay: constant }`).tuning).toMatchObject({ learningRate: 1e-3, decay: 'constant' });
  });

  it.each([
    ['seeds: [1, 1]', 'seeds: 1 comes twice'],
    ['seeds: [-1]', 'seeds.0: '],
    ['tuning: { learningrate: 1 }', 'tuning: Unrecognized key: "learningrate"'],
    ['lora: { rank: 0 }', 'lora.rank: '],
    ['tunning: {}', 'Unrecognized key: "tunning"'],
    ['faults: [{ client: a, round: 1, kind: explodes }]', 'faults.0.kind: '],
    ['budgets: [0.5, 1.5]', 'budgets.1: '],
    ['budgets: { a: 0 }', 'budgets.a: '],
    ['budgets: half', 'budgets: either densities in (0, 1] in the order of the clients'],
  ])('names the field that is wrong: %s', (line, expected) => {
    expect(refusal(`${least}${line}`)).toContain(`/tmp/experiments/a.yaml: `);
    expect(refusal(`${least}${line}`)).toContain(expected);
  });

  it.each([
    [least.replace('iterations: 7', 'iterations: 0'), 'strategies.1.overrides.search.iterations: '],
    [least.replace('receive: all,', 'recieve: all,'), 'strategies.1.overrides: Unrecognized key: "recieve"'],
    [least.replace('fedit,', 'fedit, fedit,'), 'strategies: fedit (default) comes twice'],
    [least.replace('fedit,', 'fedavg,'), 'strategies.0.name: '],
    [least.replace('files: [a.jsonl, b.jsonl]', ''), 'data.files: files (one a client), clients or a corpus'],
    [least.replace('files: [a.jsonl, b.jsonl]', 'corpus: [a.json]'), 'data.partition: a corpus must be dealt out'],
    [
      least.replace(
        'files: [a.jsonl, b.jsonl]',
        'corpus: [a.json], partition: { by: dirichlet, field: c, clients: 3 }',
      ),
      'data.partition.alpha: ',
    ],
    [dataOf('files: [a.jsonl], partition: { by: iid, clients: 2 }'), 'data.partition: there is no corpus'],
    [dataOf('clients: [{ name: a }]'), 'data.clients.0.files: '],
    [dataOf('clients: [{ name: a, files: [b.json], were: { c: d } }]'), 'data.clients.0: Unrecognized key: "were"'],
    [dataOf('clients: [{ name: a, files: [b.json], where: { c: [] } }]'), 'data.clients.0.where.c: '],
    [dataOf('files: [a.jsonl], trainAtLeast: 8'), 'data.trainAtLeast: it softens train'],
    [dataOf('files: [a.jsonl], train: 8, trainAtLeast: 9'), 'data.trainAtLeast: it softens train'],
    [dataOf('files: [a.jsonl], validation: -1'), 'data.validation: '],
    ['a: [', 'this is no YAML'],
  ])('names the field that is wrong, deeper down: case %#', (text, expected) => {
    expect(refusal(text)).toContain(expected);
  });

  it('is right in every experiment of this repository', () => {
    const files = readdirSync(experiments).filter((name) => name.endsWith('.yaml'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect(readSimulationConfig(`${experiments}${file}`).strategies.length).toBeGreaterThan(1);
  });
});
