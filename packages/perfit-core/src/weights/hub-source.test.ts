import { readFileSync } from 'node:fs';
import { COMMIT, type FakeFile, type FakeHub, fakeHub, hashOf } from '@perfit/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { safetensorsBytes, tinyModel } from '../../test/tiny-models.ts';
import { loadWeightsOf } from '../../test/weights-of.ts';
import { type HubSourceOptions, hubSource } from './hub-source.ts';
import { modelFolder } from './model-folder.ts';

const model = tinyModel({ seed: 5 });
const weights = safetensorsBytes(model.tensors);
const names = Object.keys(model.tensors);
const shardOf = (from: number, to: number) =>
  safetensorsBytes(Object.fromEntries(Object.entries(model.tensors).slice(from, to)));
const shards = {
  'model-00001-of-00002.safetensors': shardOf(0, 8),
  'model-00002-of-00002.safetensors': shardOf(8, names.length),
};
const index = {
  weight_map: Object.fromEntries(names.map((name, i) => [name, Object.keys(shards)[i < 8 ? 0 : 1]])),
};
const text = (content: unknown): FakeFile => ({ bytes: Buffer.from(JSON.stringify(content)), lfs: false });
const lfs = (bytes: Uint8Array): FakeFile => ({ bytes, lfs: true });
const described = { 'config.json': text(model.config), 'tokenizer.json': text({ model: {} }) };
const gguf = readFileSync(new URL('../../test/gguf/mixed.gguf', import.meta.url));
const TOKEN = 'hf_that_may_read';

let hub: FakeHub;
beforeAll(async () => {
  hub = await fakeHub({
    'lab/single': {
      licence: 'apache-2.0',
      files: {
        '.gitattributes': text(''),
        'README.md': text('a card'),
        ...described,
        'model.safetensors': lfs(weights),
        // All of these are something else than the model that transformers would load.
        'model.fp8.safetensors': lfs(new Uint8Array(9)),
        'consolidated.safetensors': lfs(new Uint8Array(9)),
        'pytorch_model.bin': lfs(new Uint8Array(9)),
        'model.safetensors.index.json': text(index),
        'onnx/model.onnx': lfs(new Uint8Array(9)),
        'original/config.json': text({}),
      },
    },
    'lab/sharded': {
      files: {
        ...described,
        'model.safetensors.index.json': text(index),
        ...Object.fromEntries(Object.entries(shards).map(([name, bytes]) => [name, lfs(bytes)])),
        'model-00001-of-00009.safetensors': lfs(new Uint8Array(9)),
      },
    },
    'lab/holes': {
      files: {
        ...described,
        'model.safetensors.index.json': text(index),
        'model-00001-of-00002.safetensors': lfs(shards['model-00001-of-00002.safetensors']),
      },
    },
    'lab/pickled': { files: { ...described, 'pytorch_model.bin': lfs(new Uint8Array(9)) } },
    'lab/gguf': { files: { 'README.md': text(''), 'tiny-Q4_1.gguf': lfs(gguf), 'mmproj-tiny.gguf': lfs(gguf) } },
    'lab/ggufs': {
      files: {
        'config.json': text(model.config),
        'tiny.Q4_1.gguf': lfs(gguf),
        'tiny.Q4_K_M.gguf': lfs(new Uint8Array(9)),
        'tiny.Q4_K.gguf': lfs(new Uint8Array(9)),
        'tiny-F16-00001-of-00002.gguf': lfs(new Uint8Array(9)),
      },
    },
    'lab/gated': {
      access: 'gated',
      token: TOKEN,
      files: { ...described, 'model.safetensors': lfs(weights) },
    },
    'lab/private': { access: 'private', token: TOKEN, files: { ...described, 'model.safetensors': lfs(weights) } },
    'lab/others': {
      access: 'gated',
      token: 'hf_of_somebody_else',
      files: { ...described, 'model.safetensors': lfs(weights) },
    },
  });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.requests.length = 0;
  hub.disturb = null;
});

const open = (repository: string, more: Partial<HubSourceOptions> = {}) =>
  hubSource({ repository, hubUrl: hub.url, pause: async () => {}, ...more });

describe('hubSource', () => {
  it('lists what makes up the model at a commit, with sizes and the hashes of what lies in LFS', async () => {
    const source = open('lab/single');
    const { revision, files } = await source.manifest();
    expect(revision).toBe(COMMIT);
    expect(files).toEqual([
      { name: 'config.json', bytes: JSON.stringify(model.config).length, sha256: null, parts: null },
      { name: 'tokenizer.json', bytes: 12, sha256: null, parts: null },
      { name: 'model.safetensors', bytes: weights.length, sha256: hashOf('sha256', weights), parts: null },
    ]);
    expect(await source.resolve()).toEqual({ repository: 'lab/single', commit: COMMIT, licence: 'apache-2.0' });
    expect(await source.has('pytorch_model.bin')).toBe(false);
    expect(await source.has('config.json')).toBe(true);
    expect(JSON.parse(await source.text('config.json'))).toEqual(model.config);
  });

  it('takes a GGUF file where there is nothing else, and of several the one that is asked for', async () => {
    for (const [repository, name] of [
      ['lab/gguf', 'tiny-Q4_1.gguf'],
      ['lab/ggufs:q4_1', 'tiny.Q4_1.gguf'],
      ['lab/ggufs:Q4_K', 'tiny.Q4_K.gguf'],
    ] as const) {
      expect((await open(repository).manifest()).files.map((file) => file.name)).toEqual([name]);
    }
    const folder = modelFolder(open('lab/ggufs:Q4_1'));
    expect(JSON.parse(await folder.text('config.json'))).toMatchObject({ hidden_size: 32, tie_word_embeddings: true });
    const weights = await loadWeightsOf(folder);
    expect(weights['model.norm.weight']).toHaveLength(32);
    expect(Object.keys(weights)).toHaveLength(11);
  });

  it('reads everything at the commit, never at a name that moves', async () => {
    const source = open('lab/single', { revision: 'main' });
    await source.text('config.json');
    await source.range('model.safetensors', 0, 8);
    const read = hub.requests.filter(({ host, path }) => host === 'hub' && !path.includes('/revision/'));
    expect(read.length).toBeGreaterThan(3);
    for (const { path } of read) expect(path).toContain(COMMIT);
  });

  it('reads ranges of a file that lies elsewhere', async () => {
    const source = open('lab/single');
    expect(await source.range('model.safetensors', 100, 164)).toEqual(weights.slice(100, 164));
    expect(hub.requests.at(-1)).toMatchObject({ host: 'store', range: 'bytes=100-163' });
    await expect(source.range('model.safetensors', 0, weights.length + 1)).rejects.toMatchObject({
      code: 'weights-truncated',
    });
  });

  it('takes the shards that the index names, and says which is missing', async () => {
    const { files } = await open('lab/sharded').manifest();
    expect(files.map(({ name }) => name)).toEqual([
      'config.json',
      'tokenizer.json',
      'model.safetensors.index.json',
      ...Object.keys(shards),
    ]);
    await expect(open('lab/holes').manifest()).rejects.toMatchObject({
      code: 'weights-missing-file',
      message: expect.stringContaining('model-00002-of-00002.safetensors'),
    });
    expect(await loadWeightsOf(open('lab/sharded'))).toEqual(await loadWeightsOf(open('lab/single')));
  });

  it.each<[string, Partial<HubSourceOptions> & { repository: string }, string, RegExp]>([
    [
      'has weights in another format only',
      { repository: 'lab/pickled' },
      'weights-no-safetensors',
      /pytorch_model\.bin/,
    ],
    [
      'has several GGUF files',
      { repository: 'lab/ggufs' },
      'weights-ambiguous-folder',
      /4 GGUF files: name one of .*tiny\.Q4_1\.gguf/,
    ],
    ['has no such GGUF file', { repository: 'lab/ggufs:Q5_1' }, 'weights-missing-file', /no GGUF file called Q5_1/],
    ['has it in parts', { repository: 'lab/ggufs:F16' }, 'weights-unsupported-architecture', /in parts/],
    ['does not exist', { repository: 'lab/nothing' }, 'weights-unknown-repository', /no repository lab\/nothing/],
    ['is private', { repository: 'lab/private' }, 'weights-unknown-repository', /needs a token/],
    [
      'is private to this token',
      { repository: 'lab/private', token: 'hf_of_somebody_else' },
      'weights-unknown-repository',
      /needs this token/,
    ],
    [
      'has no such revision',
      { repository: 'lab/single', revision: 'v9' },
      'weights-unknown-revision',
      /no revision v9/,
    ],
    ['has no usable name', { repository: '../etc' }, 'weights-unknown-repository', /owner\/name/],
    ['refuses the token', { repository: 'lab/single', token: 'hf_wrong' }, 'weights-token-refused', /does not accept/],
    ['is gated', { repository: 'lab/gated' }, 'weights-gated', /give a token/],
    [
      'is gated to this token',
      { repository: 'lab/gated', token: 'hf_of_somebody_else' },
      'weights-gated',
      /this token may not/,
    ],
  ])('says in a sentence that a repository %s', async (_, wish, code, message) => {
    const source = open(wish.repository, wish);
    const reading = source.manifest().then(() => source.text('config.json'));
    await expect(reading).rejects.toMatchObject({
      name: 'WeightsError',
      code,
      message: expect.stringMatching(message),
    });
  });

  it('sends the token to the Hub, and not to where the Hub redirects', async () => {
    const source = open('lab/gated', { token: TOKEN });
    expect(await source.range('model.safetensors', 0, 16)).toEqual(weights.slice(0, 16));
    const [atHub, atStore] = ['hub', 'store'].map((host) => hub.requests.filter((request) => request.host === host));
    expect(atHub?.length).toBeGreaterThan(2);
    for (const { authorization } of atHub ?? []) expect(authorization).toBe(`Bearer ${TOKEN}`);
    expect(atStore?.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('sends the token to no other host that the Hub names as the next page', async () => {
    const other = await fakeHub({});
    hub.disturb = ({ path }, response) => {
      if (!path.includes('/tree/')) return false;
      const next = `${other.url}/api/models/lab/single/tree/main`;
      response.writeHead(200, { link: `<${next}>; rel="next"`, 'content-type': 'application/json' }).end('[]');
      return true;
    };
    await expect(open('lab/gated', { token: TOKEN }).manifest()).rejects.toMatchObject({ name: 'WeightsError' });
    expect(other.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
    await other.close();
  });

  it('goes on after a dropped connection and a busy server, as long as the server asks', async () => {
    const pauses: number[] = [];
    const trouble = ['drop', 'busy', 'half'];
    hub.disturb = ({ host }, response) => {
      if (host !== 'store') return false;
      switch (trouble.shift()) {
        case 'drop':
          response.destroy();
          return true;
        case 'busy':
          response.writeHead(429, { 'retry-after': '7' }).end();
          return true;
        case 'half':
          response.writeHead(206, { 'content-length': 64 });
          response.write(new Uint8Array(10), () => response.destroy());
          return true;
        default:
          return false;
      }
    };
    const pause = async (milliseconds: number) => void pauses.push(milliseconds);
    const source = open('lab/single', { pause });
    expect(await source.range('model.safetensors', 0, 64)).toEqual(weights.slice(0, 64));
    expect(pauses).toEqual([500, 7000, 2000]);
  });

  it('asks again where nothing comes any more: before an answer, and in the middle of one', async () => {
    const trouble = ['mute', 'half'];
    hub.disturb = ({ host }, response) => {
      if (host !== 'store') return false;
      const kind = trouble.shift();
      if (kind === 'half') {
        response.writeHead(206, { 'content-length': 64 });
        response.write(new Uint8Array(10));
      }
      return kind !== undefined;
    };
    const source = open('lab/single', { silence: 300 });
    expect(await source.range('model.safetensors', 0, 64)).toEqual(weights.slice(0, 64));
    expect(trouble).toEqual([]);
  });

  it('gives up after five times, and at once where it is told to come back much later', async () => {
    hub.disturb = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    await expect(open('lab/single').manifest()).rejects.toMatchObject({
      code: 'weights-unreachable',
      message: expect.stringContaining('503'),
    });
    expect(hub.requests).toHaveLength(5);
    hub.disturb = (_, response) => {
      response.writeHead(429, { 'retry-after': '300' }).end();
      return true;
    };
    await expect(open('lab/single').manifest()).rejects.toMatchObject({
      message: expect.stringContaining('300 seconds'),
    });
    expect(hub.requests).toHaveLength(6);
  });

  it('asks again after a failure that was said', async () => {
    const source = open('lab/single');
    hub.disturb = (_, response) => {
      response.writeHead(400).end();
      return true;
    };
    await expect(source.manifest()).rejects.toMatchObject({ code: 'weights-unreadable' });
    hub.disturb = null;
    expect((await source.manifest()).revision).toBe(COMMIT);
  });

  it('ends with the reason of its signal, also while it waits', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    hub.disturb = (_, response) => {
      response.writeHead(503).end();
      queueMicrotask(() => stop.abort(reason));
      return true;
    };
    const source = hubSource({ repository: 'lab/single', hubUrl: hub.url, signal: stop.signal });
    await expect(source.manifest()).rejects.toBe(reason);
  });
});
