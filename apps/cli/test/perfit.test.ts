import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { perfit as commandLine } from '../../../e2e/demo/coordinator-process.ts';
import { writeTinyModel } from '../../../e2e/specs/tiny-model.ts';
import { isLongForm } from '../../../testing/form.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const model = join(root, 'models', 'perfit-nano');
const sample = join(root, 'samples', 'bakers-shop.jsonl');
const folder = mkdtempSync(join(tmpdir(), 'perfit-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command line as a person would: a process of its own. */
function perfit(...args: string[]) {
  const command = [...commandLine, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr };
}

describe('perfit', { timeout: 120_000 }, () => {
  it('lists its commands', () => {
    const { status, stdout } = perfit('--help');
    expect(status).toBe(0);
    for (const command of ['serve', 'pull', 'join', 'tune', 'eval', 'export', 'parity'])
      expect(stdout).toMatch(new RegExp(`^  ${command}`, 'm'));
  });

  it.each([
    { args: ['frobnicate'], says: /unknown command 'frobnicate'/ },
    { args: ['eval', model], says: /required option '--data <path>'/ },
    { args: ['tune', model, '--data', sample, '--out', 'x', '--rank', 'many'], says: /whole number from 1 to 256/ },
    {
      args: ['eval', model, '--data', sample, '--columns', 'answer=A'],
      says: /"answer=A" is not one of instruction=NAME/,
    },
  ])('exits with 2 where the command line is wrong: $args', ({ args, says }) => {
    const { status, stderr } = perfit(...args);
    expect(stderr).toMatch(says);
    expect(status).toBe(2);
  });

  it.each([
    { args: ['eval', model, '--data', 'nowhere.jsonl'], says: /^There is no file nowhere\.jsonl\. \[usage\]$/m },
    { args: ['eval', 'nowhere', '--data', sample], says: /^There is no model nowhere\. \[weights-missing-file\]$/m },
    { args: ['join', 'http://localhost/elsewhere', '--data', sample], says: /is no join address.*\[usage\]$/m },
    { args: ['eval', model, '--data', join(model, 'model.safetensors')], says: /\[data-not-text\]$/m },
    { args: ['export', model, '--adapter', 'a', '--format', 'gguf', '--out', model], says: /overwritten.*\[usage\]$/m },
    {
      args: ['export', model, '--adapter', 'a', '--format', 'gguf', '--type', 'q4', '--out', 'x'],
      says: /no --type q4: f16, q8_0 are there\. \[usage\]$/m,
    },
    {
      args: ['export', model, '--adapter', model, '--format', 'peft', '--out', 'x'],
      says: /not a PEFT adapter.*\[usage\]$/m,
    },
    { args: ['serve', '--models', 'nowhere', '--data', 'd', '--port', '0'], says: /\[models-missing\]$/m },
  ])(
    'exits with 2 where the command line is to blame and with 1 where it is not, a sentence and a code: $args',
    ({ args, says }) => {
      const { status, stderr } = perfit(...args);
      expect(stderr).toMatch(says);
      expect(status).toBe(says.source.includes('usage') ? 2 : 1);
    },
  );

  /** A file of so many rows of the sample: enough to learn something from. */
  function rowsOfSample(rows: number): string {
    const file = join(folder, `${rows}-rows.jsonl`);
    writeFileSync(file, readFileSync(sample, 'utf8').split('\n').slice(0, rows).join('\n'));
    return file;
  }

  it('tunes a personal adapter that makes held-out text likelier, and evaluates with it', () => {
    const some = rowsOfSample(30);
    const tune = ['tune', model, '--data', some, '--max-length', '64'];
    const tuned = perfit(...tune, '--out', 'adapter', '--epochs', '1', '--rank', '4', '--json');
    expect(tuned.status, tuned.stderr).toBe(0);
    const { base, tuned: after, kept, size } = JSON.parse(tuned.stdout);
    expect(after).toBeLessThan(base);
    expect(kept).toBe(size / 2);
    const config = JSON.parse(readFileSync(join(folder, 'adapter', 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ peft_type: 'LORA', r: 8, lora_alpha: 8 });

    const [without, with_] = [[], ['--adapter', 'adapter']].map((more) => {
      const { status, stdout } = perfit('eval', model, '--data', some, '--max-length', '64', '--json', ...more);
      expect(status).toBe(0);
      return JSON.parse(stdout);
    });
    expect(with_.responseTokens).toBe(without.responseTokens);
    expect(with_.perplexity).toBeLessThan(without.perplexity);
    expect(with_.tokenAccuracy).toBeGreaterThan(without.tokenAccuracy);

    const generate = ['eval', model, '--data', some, '--max-length', '64', '--adapter', 'adapter', '--generate'];
    const told = JSON.parse(perfit(...generate, '2', '--max-tokens', '6', '--json').stdout);
    const { generated, ...figures } = told;
    expect(figures).toEqual(with_);
    const { perplexity, tokenAccuracy } = without;
    expect(generated).toMatchObject({ base: { perplexity, tokenAccuracy }, maxTokens: 6 });
    const asked = readFileSync(some, 'utf8').split('\n').slice(0, 2);
    expect(generated.answers).toHaveLength(2);
    for (const [i, { prompt, expected, base, adapter }] of generated.answers.entries()) {
      expect(JSON.parse(asked[i] as string)).toMatchObject({ instruction: prompt, response: expected });
      for (const answer of [base, adapter]) {
        expect(answer.tokens).toBeLessThanOrEqual(6);
        expect(answer.isExact).toBe(false);
      }
    }
    for (const which of ['base', 'adapter'] as const) {
      const [first, second] = generated.answers.map(
        (answer: Record<typeof which, { rougeL: number }>) => answer[which],
      );
      expect(generated.scores[which]).toEqual({ rougeL: (first.rougeL + second.rougeL) / 2, exact: 0 });
    }
    const read = perfit(...generate, '1', '--max-tokens', '6').stdout;
    expect(read).toMatch(/^Question 1 of 1: .+\n {2}your text: .+\n {2}base: .*\n {2}adapter: .*$/m);
    for (const row of [
      /^Perplexity +[\d.]+ → [\d.]+$/m,
      /^Token accuracy +[\d.]+ % → [\d.]+ %$/m,
      /^ROUGE-L +0\.\d\d → 0\.\d\d$/m,
      /^Exact match +0 of 1 → 0 of 1$/m,
      /^ROUGE-L: how much of your answer/m,
    ])
      expect(read).toMatch(row);
  });

  it('goes on from an adapter, and writes what it made for other tools', () => {
    const few = rowsOfSample(24);
    // In the short form its files count, not what it can do.
    const tuned = isLongForm ? model : join(folder, 'narrow');
    if (!isLongForm) {
      writeTinyModel(tuned, model);
      cpSync(join(model, 'generation_config.json'), join(tuned, 'generation_config.json'));
    }
    const tune = (...more: string[]) => perfit('tune', tuned, '--data', few, '--epochs', '1', '--json', ...more);
    const first = tune('--rank', '2', '--out', 'first');
    expect(first.status, first.stderr).toBe(0);
    const before = JSON.parse(first.stdout);

    const refused = tune('--from', 'first', '--rank', '8', '--out', 'second');
    expect(refused.stderr).toMatch(/has rank 4; --rank 8 with --expansion 2 would make it 16.*\[usage\]$/m);
    expect(refused.status).toBe(2);
    const taken = tune('--rank', '2', '--out', 'first');
    expect([taken.status, taken.stderr]).toEqual([
      2,
      expect.stringMatching(/first is there already: name another folder/),
    ]);
    const second = tune('--from', 'first', '--rank', '2', '--out', 'second');
    expect(second.status, second.stderr).toBe(0);
    const after = JSON.parse(second.stdout);
    expect(after).toMatchObject({ from: 'first', kept: before.kept, size: before.size });
    expect(after.tuned).toBeLessThan(before.tuned);
    expect(readFileSync(join(folder, 'second', 'mask.bin'))).toEqual(readFileSync(join(folder, 'first', 'mask.bin')));

    const write = (...more: string[]) => {
      const { status, stdout, stderr } = perfit('export', tuned, '--adapter', 'second', '--json', ...more);
      expect(status, stderr).toBe(0);
      // What is written in a moment is not told in parts.
      if (isLongForm) expect(stderr).toMatch(more.includes('peft') ? /^$/ : /: 100 % of/);
      return JSON.parse(stdout);
    };
    const merged = write('--format', 'merged', '--type', 'f32', '--out', 'merged');
    expect(merged.files.map(({ name }: { name: string }) => name)).toEqual([
      'config.json',
      'generation_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'model.safetensors',
    ]);
    const perplexity = (...args: string[]) =>
      JSON.parse(perfit('eval', ...args, '--data', few, '--json').stdout).perplexity;
    const adapted = perplexity(tuned, '--adapter', 'second');
    expect(adapted).toBeLessThan(perplexity(tuned) - 1);
    expect(perplexity('merged')).toBeCloseTo(adapted, 3);

    const { files, out } = write('--format', 'gguf', '--type', 'q8_0', '--out', 'tuned.gguf');
    expect(files).toEqual([{ name: 'tuned.gguf', bytes: statSync(join(folder, 'tuned.gguf')).size }]);
    expect(out).toBe(realpathSync(folder));
    expect(readFileSync(join(folder, 'tuned.gguf')).subarray(0, 8)).toEqual(Buffer.from('GGUF\x03\0\0\0'));

    write('--format', 'peft', '--out', 'again');
    for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'mask.bin']) {
      expect(readFileSync(join(folder, 'again', name))).toEqual(readFileSync(join(folder, 'second', name)));
    }
  });

  it('takes a folder, with columns as they are told to be, and says what it passed over', () => {
    const texts = join(folder, 'texts');
    mkdirSync(join(texts, 'more'), { recursive: true });
    const table = Array.from({ length: 6 }, (_, i) => `Frage ${i}?;Antwort ${i}.`);
    writeFileSync(join(texts, 'fragen.csv'), ['Frage;Antwort', ...table].join('\n'));
    const records = Array.from({ length: 5 }, (_, i) => JSON.stringify({ prompt: `Ask ${i}`, completion: `Say ${i}` }));
    writeFileSync(join(texts, 'more', 'a.jsonl'), ['{', ...records].join('\n'));
    writeFileSync(join(texts, 'picture.png'), Buffer.from([0x89, 0x50, 0, 0]));
    writeFileSync(join(texts, '.hidden'), 'not a text of anybody');
    const columns = ['--columns', 'instruction=Frage,response=Antwort'];
    const { status, stdout, stderr } = perfit('eval', model, '--data', texts, '--json', ...columns);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout).examples).toBe(11);
    expect(stderr).toMatch(/^picture\.png: The file is not plain text/m);
    expect(stderr).toMatch(/^more\/a\.jsonl, line 1: This is not valid JSON\.$/m);
    expect(stderr).not.toContain('.hidden');
    expect(perfit('eval', model, '--data', texts).stderr).toMatch(/\[data-too-few\]$/m);

    const prose = join(folder, 'prose.jsonl');
    const paragraphs = Array.from({ length: 9 }, (_, i) =>
      JSON.stringify({ text: `Paragraph ${i} goes on for a while.` }),
    );
    writeFileSync(prose, paragraphs.join('\n'));
    expect(perfit('eval', model, '--data', prose, '--generate').stdout).toMatch(
      /^The text has no question that this model can be asked\.$/m,
    );
  });

  it('finds parity with the committed fixture, and says where a fixture is another one', () => {
    // What is left alone in the altered one below passes as well, and the checks themselves are tested next to them.
    if (isLongForm) {
      const { status, stdout } = perfit('parity', model, join(model, 'fixture'));
      expect(stdout).toMatch(/^34 passed, 0 failed$/m);
      expect(status).toBe(0);
    }

    const altered = join(folder, 'fixture');
    cpSync(join(model, 'fixture'), altered, { recursive: true });
    const numbers = JSON.parse(readFileSync(join(altered, 'fixture.json'), 'utf8'));
    numbers.adamw.losses[9] *= 1.002;
    writeFileSync(join(altered, 'fixture.json'), JSON.stringify(numbers));
    const broken = perfit('parity', model, altered);
    expect(broken.stdout).toMatch(/^BROKEN {2}AdamW, loss before step 10/m);
    expect(broken.stdout).toMatch(/^ok {6}stock tfjs: gradient of batch 0/m);
    expect(broken.stdout).toMatch(/^33 passed, 1 failed$/m);
    expect(broken.status).toBe(1);
  });
});
