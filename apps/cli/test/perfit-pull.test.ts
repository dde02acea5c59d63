import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hubSource, mirrorSource } from '@perfit/core';
import { seededRandom } from '@perfit/protocol/space';
import { COMMIT, type FakeFile, type FakeHub, type FakeRepository, fakeHub, hashOf } from '@perfit/testkit';
import { makeFolders, startCoordinator } from '@perfit/testkit/coordinator';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { perfit as commandLine } from '../../../e2e/demo/coordinator-process.ts';
import { seed } from '../../../testing/seed.ts';
import { pullModel } from '../src/pull/pull-model.ts';
import { reportProgress } from '../src/pull/report-progress.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const nano = join(root, 'models', 'perfit-nano');
const folder = mkdtempSync(join(tmpdir(), 'perfit-pull-'));
const models = join(folder, 'models');
const PART = 4 << 20;

const file = (bytes: Uint8Array, lfs = false): FakeFile => ({ bytes, lfs });
const ofNano = (name: string) => file(readFileSync(join(nano, name)), name.endsWith('.safetensors'));
const described = Object.fromEntries(
  ['config.json', 'tokenizer.json', 'tokenizer_config.json'].map((name) => [name, ofNano(name)]),
);
/** Six parts and a bit; what a pull looks at is the header alone. */
const weights = (() => {
  const size = 6 * PART;
  const random = seededRandom(seed);
  const noise = Uint8Array.from({ length: size }, () => 256 * random());
  const header = JSON.stringify({ noise: { dtype: 'U8', shape: [size], data_offsets: [0, size] } });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header), noise]);
})();
const foreign = { ...JSON.parse(described['config.json']?.bytes.toString() ?? ''), model_type: 'gpt_neox' };
const repositories: Record<string, FakeRepository> = {
  'lab/nano': {
    licence: 'apache-2.0',
    files: { 'README.md': file(Buffer.from('a card')), ...described, 'model.safetensors': ofNano('model.safetensors') },
  },
  'lab/large': { files: { ...described, 'model.safetensors': file(weights, true) } },
  'lab/foreign': {
    files: {
      ...described,
      'config.json': file(Buffer.from(JSON.stringify(foreign))),
      'model.safetensors': file(weights, true),
    },
  },
  'lab/mute': { files: { 'config.json': ofNano('config.json'), 'model.safetensors': file(weights, true) } },
  'lab/gated': {
    access: 'gated',
    token: 'hf_ours',
    files: { ...described, 'model.safetensors': ofNano('model.safetensors') },
  },
};

let hub: FakeHub;
beforeAll(async () => {
  hub = await fakeHub(repositories);
});
afterEach(() => {
  hub.disturb = null;
  hub.requests.length = 0;
  rmSync(models, { recursive: true, force: true });
});
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A process of its own, as a person would start it. */
function start(args: string[], env: Record<string, string> = {}): { child: ChildProcess; ended: Promise<Ended> } {
  const command = [...commandLine, 'pull', ...args, '--to', models];
  const child = spawn(process.execPath, command, { cwd: folder, env: { ...process.env, HF_TOKEN: '', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
  return { child, ended };
}
interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
const pull = (args: string[], env?: Record<string, string>) => start([...args, '--hub', hub.url], env).ended;
/** Without a process around it. @returns what was said */
async function pullHere(repository: string): Promise<string> {
  const lines: string[] = [];
  const progress = reportProgress(
    (line) => lines.push(line),
    () => 0,
  );
  await pullModel(hubSource({ repository, hubUrl: hub.url }), { to: models, id: 'here', progress });
  return lines.join('\n');
}
const storeRanges = () => hub.requests.filter(({ host }) => host === 'store').map(({ range }) => range);

describe('perfit pull', { timeout: 120_000 }, () => {
  it('fetches what makes up a model, says where it is from, and has it served', async () => {
    const { status, stdout, stderr } = await pull(['lab/nano@main', '--as', 'first', '--json']);
    expect(status, stderr).toBe(0);
    const facts = { repository: 'lab/nano', commit: COMMIT, licence: 'apache-2.0' };
    expect(JSON.parse(stdout)).toMatchObject({ id: 'first', ...facts, wasThere: false });
    expect(readdirSync(models)).toEqual(['first']);
    expect(readdirSync(join(models, 'first')).sort()).toEqual(
      [...Object.keys(described), 'model.safetensors', 'source.json'].sort(),
    );
    expect(JSON.parse(readFileSync(join(models, 'first', 'source.json'), 'utf8'))).toEqual(facts);
    for (const name of [...Object.keys(described), 'model.safetensors'])
      expect(readFileSync(join(models, 'first', name)).equals(readFileSync(join(nano, name)))).toBe(true);

    const again = await pull(['lab/nano', '--as', 'first']);
    expect([again.status, again.stdout]).toEqual([0, expect.stringContaining('It was there already')]);
    const other = await pull(['lab/large', '--as', 'first']);
    expect([other.status, other.stderr]).toEqual([
      1,
      expect.stringMatching(/first is there already.*\[pull-exists\]$/m),
    ]);

    const stage = await makeFolders();
    const coordinator = await startCoordinator(stage, { modelsDirectory: models });
    const mirror = mirrorSource(new URL('/models/first', coordinator.url).href);
    const { bytes } = ofNano('model.safetensors');
    const { files } = await mirror.manifest();
    expect(files.find(({ name }) => name === 'model.safetensors')?.sha256).toBe(hashOf('sha256', bytes));
    const served = await mirror.range('model.safetensors', 1000, bytes.length);
    expect(Buffer.from(served).equals(Buffer.from(bytes.subarray(1000)))).toBe(true);
    await coordinator.close();
    await stage.remove();
  });

  it('goes on after a kill with what has not come yet', async () => {
    const arrived = join(models, '.large.partial', 'model.safetensors');
    hub.disturb = ({ host, range }) => host === 'store' && Number(range?.match(/\d+/)?.[0]) >= 3 * PART;
    const { child, ended } = start(['lab/large', '--hub', hub.url]);
    await vi.waitFor(() => expect(statSync(arrived).size).toBe(3 * PART), { timeout: 60_000 });
    child.kill('SIGKILL');
    await ended;
    expect(readdirSync(models)).toEqual(['.large.partial']);

    hub.disturb = null;
    hub.requests.length = 0;
    const { status, stderr } = await pull(['lab/large']);
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/model\.safetensors: going on after 12\.6 MB/);
    // Several at a time: which of them arrives first is chance.
    expect(storeRanges().sort()).toEqual(
      [3, 4, 5, 6].map((i) => `bytes=${i * PART}-${Math.min((i + 1) * PART, weights.length) - 1}`),
    );
    expect(readFileSync(join(models, 'large', 'model.safetensors')).equals(weights)).toBe(true);
    expect(readdirSync(models)).toEqual(['large']);
  });

  it('fetches anew what was damaged meanwhile, and what is of another commit', async () => {
    const partial = join(models, '.here.partial');
    const leave = (commit: string, bytes: Uint8Array) => {
      mkdirSync(partial, { recursive: true });
      writeFileSync(
        join(partial, 'source.json'),
        `${JSON.stringify({ repository: 'lab/large', commit, licence: null }, null, 2)}\n`,
      );
      writeFileSync(join(partial, 'model.safetensors'), bytes);
    };
    const damaged = Buffer.from(weights.subarray(0, 5 * PART));
    damaged[PART] = (damaged[PART] as number) ^ 1;
    for (const [commit, says] of [
      [COMMIT, /damaged, it comes again/],
      [COMMIT.replace('0', '9'), /^(?!.*going on)/s],
    ] as const) {
      leave(commit, damaged);
      expect(await pullHere('lab/large')).toMatch(says);
      expect(readFileSync(join(models, 'here', 'model.safetensors')).equals(weights)).toBe(true);
      rmSync(models, { recursive: true });
    }
  });

  it('takes nothing whose hash is another than the Hub says', async () => {
    hub.disturb = ({ host, range }, response) => {
      const at = Number(range?.match(/\d+/)?.[0]);
      if (host !== 'store' || at !== 2 * PART) return false;
      response.writeHead(206, { 'content-length': PART }).end(Buffer.alloc(PART));
      return true;
    };
    await expect(pullHere('lab/large')).rejects.toMatchObject({
      code: 'pull-damaged',
      message: expect.stringMatching(/^model\.safetensors did not come as/),
    });
    expect(readdirSync(models)).toEqual(['.here.partial']);
  });

  it('stops when it is asked to, and keeps what has come', async () => {
    hub.disturb = ({ host, range }) => host === 'store' && Number(range?.match(/\d+/)?.[0]) >= PART;
    const { child, ended } = start(['lab/large', '--hub', hub.url]);
    const arrived = join(models, '.large.partial', 'model.safetensors');
    await vi.waitFor(() => expect(statSync(arrived).size).toBe(PART), { timeout: 60_000 });
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^Stopped\. .*\[pull-stopped\]$/m)]);
    expect(readFileSync(arrived).equals(weights.subarray(0, PART))).toBe(true);
  });

  it.each([
    ['an architecture that is not supported', 'lab/foreign', 'model-unsupported-architecture', /gpt_neox/],
    ['a model without a tokenizer', 'lab/mute', 'tokenizer-missing', /no tokenizer\.json/],
  ])('refuses %s before its weights come', async (_, repository, code, says) => {
    await expect(pullHere(repository)).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
    expect(storeRanges()).toEqual([]);
  });

  it('reads a gated model with a token from the environment, and keeps no token', async () => {
    const without = await pull(['lab/gated']);
    expect([without.status, without.stderr]).toEqual([1, expect.stringMatching(/is gated.*\[weights-gated\]$/m)]);
    const { status, stderr } = await pull(['lab/gated', '--token-env', 'OURS'], { OURS: 'hf_ours' });
    expect(status, stderr).toBe(0);
    for (const name of readdirSync(join(models, 'gated')))
      expect(readFileSync(join(models, 'gated', name)).includes('hf_ours')).toBe(false);
  });

  it.each<[string[], number, RegExp]>([
    [['lab/nano', '--hub', 'ftp://x'], 2, /begins with http/],
    [['lab/nano', '--as', '../x'], 2, /cannot be a model's name.*\[usage\]$/m],
    [['lab/nano:'], 2, /"lab\/nano:" is no repository's name.*\[usage\]$/m],
    [['lab/nano:../../etc'], 2, /is no repository's name: owner\/name is.*\[usage\]$/m],
    [['lab/nano@main:Q4_1'], 2, /comes before the revision: lab\/nano:Q4_1@main\.\s+\[usage\]$/m],
    [['lab/nano', '--token-env', 'NOT_SET'], 2, /NOT_SET is empty.*\[usage\]$/m],
  ])('exits with 2 or 1 and a sentence for %j', async (args, status, says) => {
    const ended = await start(args).ended;
    expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(says)]);
  });
});
