import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoraSpace } from '@perfit/protocol/space';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { perfit as commandLine } from '../../../e2e/demo/coordinator-process.ts';
import { writeSyntheticAdapter } from './synthetic-adapter.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const model = join(root, 'models', 'perfit-nano');
const folder = mkdtempSync(join(tmpdir(), 'perfit-chat-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function chat(args: readonly string[], input = '') {
  const command = [
    ...commandLine,
    'chat',
    model,
    '--backend',
    'wasm',
    '--temperature',
    '0',
    '--max-tokens',
    '12',
    ...args,
  ];
  return spawnSync(process.execPath, command, { encoding: 'utf8', cwd: folder, input });
}

/** An adapter that changes what the model says: B is not zero. */
beforeAll(() => {
  const space: LoraSpace = { rank: 4, alpha: 32, targets: ['q_proj', 'down_proj'] };
  return writeSyntheticAdapter(folder, { model, space, valued: (value, p) => value || ((p % 7) - 3) / 40 });
});

describe('perfit chat', { timeout: 120_000 }, () => {
  it('answers questions one after another, and reads only what is new of the second', () => {
    const asked = ['--ask', 'What is the capital of France?', '--ask', 'And of Spain, do you think?', '--json'];
    const { status, stdout, stderr } = chat([...asked, '--adapter', folder, '--compare']);
    expect(status, stderr).toBe(0);
    const [first, second, ...more] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(more).toEqual([]);
    expect(first.question).toBe('What is the capital of France?');
    expect(first.base.text).not.toBe(first.tuned.text);
    for (const voice of ['base', 'tuned']) {
      expect(first[voice].readTokens).toBe(first[voice].promptTokens);
      const isNew = second[voice].promptTokens - first[voice].promptTokens;
      expect(second[voice].readTokens).toBeLessThanOrEqual(isNew);
    }
  });

  it('takes the lines of its standard input for questions', () => {
    const { status, stdout, stderr } = chat([], 'What is the capital of France?\n\nAnd of Spain?\n');
    expect(status, stderr).toBe(0);
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toHaveLength(3);
    expect(chat(['--ask', 'What is the capital of France?']).stdout).toBe(`${stdout.split('\n')[0]}\n`);
  });

  it.each([
    { args: ['--compare'], says: /--compare needs an --adapter.*\[usage\]$/m, exits: 2 },
    { args: ['--ask', ' '], says: /--ask needs a question\. \[usage\]$/m, exits: 2 },
    { args: ['--temperature', 'hot'], says: /It must be a number from 0 to 100\./, exits: 2 },
    {
      args: ['--ask', 'word '.repeat(400)],
      says: /^The message takes \d+ tokens; .*\[chat-context-full\]$/m,
      exits: 1,
    },
    { args: ['--adapter', 'nowhere', '--ask', 'Hi'], says: /not a PEFT adapter's folder.*\[usage\]$/m, exits: 2 },
  ])('says why it cannot go on: $args', ({ args, says, exits }) => {
    const { status, stderr } = chat(args);
    expect(stderr).toMatch(says);
    expect(status).toBe(exits);
  });
});
