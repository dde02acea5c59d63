import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { appendFile, cp, mkdir, readdir, readFile, readlink, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { modelAt, openWeights } from '@perfit/core/files';
import { modelListSchema, modelManifestSchema } from '@perfit/protocol';
import { AdminClient } from '@perfit/protocol/admin';
import { smallFederation } from '@perfit/testkit';
import { hostCoordinator, operator } from '@perfit/testkit/coordinator';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { safetensors } from './safetensors.ts';

// Starts take seconds where other tests keep both cores busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const PART = 4 << 20;
/** Two whole parts and a bit. */
const weights = safetensors(2 * PART + 1000);
const coordinator = hostCoordinator();
let tiny: string;

let config: Buffer;
let admin: AdminClient;

beforeAll(async () => {
  tiny = join(coordinator.folders.modelsDirectory, 'tiny');
  config = await readFile(join(tiny, 'config.json'));
  admin = await AdminClient.signedIn({ url: coordinator.url, fetch }, operator);
});
beforeEach(async () => {
  await rm(tiny, { recursive: true });
  await mkdir(tiny);
  await writeFile(join(tiny, 'config.json'), config);
  await writeFile(join(tiny, 'model.safetensors'), weights);
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const get = (path: string, headers: Record<string, string> = {}) => fetch(new URL(path, coordinator.url), { headers });
const manifestOf = async (id: string) => modelManifestSchema.parse(await (await get(`/models/${id}/manifest`)).json());
const weightsPath = (hash = sha256(weights)) => `/models/tiny/model.safetensors?sha256=${hash}`;
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

describe('a GGUF file', () => {
  const gguf = readFileSync(new URL('../../../packages/perfit-core/test/gguf/mixed.gguf', import.meta.url));
  const folder = () => join(coordinator.folders.modelsDirectory, 'one-file');
  const listed = async () => {
    const { models } = modelListSchema.parse(await (await get('/api/models')).json());
    return models.find(({ id }) => id === 'one-file');
  };
  beforeEach(async () => {
    await rm(folder(), { recursive: true, force: true });
    await mkdir(folder());
    await writeFile(join(folder(), 'm.gguf'), gguf);
  });
  afterAll(() => rm(folder(), { recursive: true }));

  it('is a model by itself: listed, served with its hashes, and described as a Hugging Face folder', async () => {
    await writeFile(join(folder(), 'tokenizer.json'), 'of something else');
    expect(await listed()).toMatchObject({ modelType: 'llama', bytes: gguf.length, problem: null });
    const operators = await admin.models();
    expect(operators.find(({ id }) => id === 'one-file')?.recipe).toEqual({
      learningRate: 4e-3,
      warmup: 0,
      decay: 'constant',
    });
    const { files } = await manifestOf('one-file');
    expect(files.map(({ name, sha256: hash }) => [name, hash])).toEqual([['m.gguf', sha256(gguf)]]);
    expect(await bytesOf(await get('/models/one-file/m.gguf'))).toEqual(new Uint8Array(gguf));
    expect(await (await get('/models/one-file/config.json')).json()).toMatchObject({ hidden_size: 32 });
    expect((await get('/models/one-file/chat_template.jinja')).status).toBe(404);
    await admin.create({ ...smallFederation, model: 'one-file' });
  });

  it('that cannot be read is listed with the reason, and with none once it can', async () => {
    const path = join(folder(), 'm.gguf');
    const changed = Buffer.from(gguf);
    changed.writeUInt32LE(12, changed.indexOf('blk.0.ffn_up.weight') + 'blk.0.ffn_up.weight'.length + 20);
    const renamed = Buffer.from(gguf);
    renamed.write('blk.9.', renamed.indexOf('blk.0.attn_k.weight'));
    const stretched = Buffer.from(gguf);
    const epsilon = 'llama.attention.layer_norm_rms_epsilon';
    stretched.writeFloatLE(-1, stretched.indexOf(epsilon) + epsilon.length + 4);
    const counted = (layers: number) => {
      const bytes = Buffer.from(gguf);
      bytes.writeUInt32LE(layers, bytes.indexOf('llama.block_count') + 'llama.block_count'.length + 4);
      return bytes;
    };
    for (const [content, reason] of [
      [counted(2), /m\.gguf has no tensor model\.layers\.1\./],
      // Who made a list of them all would be at it for ever.
      [counted(4_000_000_000), /m\.gguf has no tensor model\.layers\.1\./],
      [renamed, /m\.gguf has no tensor model\.layers\.0\.self_attn\.k_proj\.weight\.$/],
      [stretched, /m\.gguf: rms_norm_eps -1 in config\.json is not a positive number\.$/],
      [gguf.subarray(0, 3000), /m\.gguf is 3000 bytes long/],
      [Buffer.from('version https://git-lfs.github.com/spec/v1'), /m\.gguf is a Git LFS pointer/],
      [changed, /blk\.0\.ffn_up\.weight is Q4_K/],
    ] as const) {
      await writeFile(path, content);
      expect((await listed())?.problem).toMatch(reason);
      expect((await get('/models/one-file/manifest')).status).toBeGreaterThanOrEqual(400);
    }
    await writeFile(path, gguf);
    expect((await listed())?.problem).toBeNull();
    await writeFile(join(folder(), 'n.gguf'), gguf);
    expect((await listed())?.problem).toMatch(/It has 2 GGUF files/);
  });

  it('with more tokens than its embedding has rows is listed with the first of them', async () => {
    const shorter = Buffer.from(gguf);
    // Behind the name: how many dimensions there are, and the width.
    const rows = shorter.indexOf('token_embd.weight') + 'token_embd.weight'.length + 4 + 8;
    shorter.writeUInt32LE(shorter.readUInt32LE(rows) - 1, rows);
    await writeFile(join(folder(), 'm.gguf'), shorter);
    expect((await listed())?.problem).toMatch(
      /The tokenizer has the token \S+ with the id \d+, but the model's embedding/,
    );
    expect((await get('/models/one-file/manifest')).status).toBe(409);
  });

  it('with a value that is no number is listed with its tensor, once its values have been looked at', async () => {
    const model = await modelAt(join(folder(), 'm.gguf'));
    const { entries } = await openWeights(model);
    const { start } = entries.get('model.norm.weight') as { start: number };
    const broken = Buffer.from(gguf);
    broken.writeFloatLE(Number.NaN, start + 8);
    await writeFile(join(folder(), 'm.gguf'), broken);
    await vi.waitFor(
      async () => {
        expect((await listed())?.problem).toMatch(/m\.gguf: the tensor .* has a value that is no finite number/);
      },
      { timeout: 30_000 },
    );
    expect((await get('/models/one-file/manifest')).status).toBe(409);
    await writeFile(join(folder(), 'm.gguf'), gguf);
    expect((await listed())?.problem).toBeNull();
  });
});

it('weights that are no numbers are listed with their tensor, once they have been looked at', async () => {
  const listed = async () => {
    const { models } = modelListSchema.parse(await (await get('/api/models')).json());
    return models.find(({ id }) => id === 'tiny')?.problem;
  };
  const header = JSON.stringify({ wide: { dtype: 'BF16', shape: [2, 2], data_offsets: [0, 8] } }).padEnd(120);
  const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(header), Buffer.from('803f803fc07f803f', 'hex')]);
  bytes.writeBigUInt64LE(120n);
  await writeFile(join(tiny, 'model.safetensors'), bytes);
  await vi.waitFor(
    async () =>
      expect(await listed()).toMatch(/model\.safetensors: the tensor wide has a value that is no finite number/),
    { timeout: 30_000 },
  );
});

it('what lies beside the models and looks like one is shown to the operator with what to do, and to nobody else', async () => {
  const { modelsDirectory: models } = coordinator.folders;
  await writeFile(join(models, 'loose.gguf'), 'GGUF');
  await symlink(tiny, join(models, 'linked'));
  await mkdir(join(models, 'my model'));
  await writeFile(join(models, 'my model', 'config.json'), config);
  await mkdir(join(models, 'notes of mine'));
  await mkdir(join(models, 'upper'));
  await writeFile(join(models, 'upper', 'M.GGUF'), 'GGUF');
  const operators = await admin.models();
  expect(operators.filter(({ id }) => id !== 'tiny').map(({ id, problem }) => [id, problem])).toEqual([
    ['linked', expect.stringMatching(/^linked is not offered: it is a link/)],
    ['loose.gguf', 'The file loose.gguf is not offered: each model has a folder of its own.'],
    ['my model', expect.stringMatching(/^The folder "my model" is not offered: a model's name has letters/)],
    ['upper', expect.stringMatching(/^The folder upper has no model that is offered: M\.GGUF is no plain file/)],
  ]);
  const { models: offered } = modelListSchema.parse(await (await get('/api/models')).json());
  expect(offered.map(({ id }) => id)).toEqual(['tiny']);
  await Promise.all(
    ['loose.gguf', 'linked', 'my model', 'notes of mine', 'upper'].map((name) =>
      rm(join(models, name), { recursive: true }),
    ),
  );
});

it('a model that Git LFS has not fetched is listed with what to do', async () => {
  await writeFile(join(tiny, 'model.safetensors'), 'version https://git-lfs.github.com/spec/v1\noid sha256:5f\n');
  const { models } = modelListSchema.parse(await (await get('/api/models')).json());
  expect(models.find(({ id }) => id === 'tiny')?.problem).toMatch(/is a Git LFS pointer.*git lfs pull/);
});

it('a model whose embedding has no row for a token is listed with the token; padding alone is left to clients', async () => {
  const listed = async () => {
    const { models } = modelListSchema.parse(await (await get('/api/models')).json());
    return models.find(({ id }) => id === 'tiny')?.problem;
  };
  const rows = 100;
  await writeFile(join(tiny, 'config.json'), JSON.stringify({ ...JSON.parse(config.toString()), vocab_size: rows }));
  const tokenizer = { model: { vocab: { a: 0 }, merges: [] }, added_tokens: [{ id: rows, content: '<|tool|>' }] };
  await writeFile(join(tiny, 'tokenizer.json'), JSON.stringify(tokenizer));
  expect(await listed()).toMatch(/the token <\|tool\|> with the id 100, but the model's embedding ends at 99/);
  await writeFile(join(tiny, 'tokenizer_config.json'), JSON.stringify({ pad_token: { content: '<|tool|>' } }));
  expect(await listed()).toBeNull();
});

describe('the manifest', () => {
  it('lists what is served, with the hash of each file and of each of its parts', async () => {
    await writeFile(join(tiny, 'notes.md'), 'private');
    await writeFile(join(coordinator.folders.root, 'secret.json'), '{}');
    await symlink(join(coordinator.folders.root, 'secret.json'), join(tiny, 'link.json'));
    await mkdir(join(tiny, 'onnx'));
    await writeFile(join(tiny, 'onnx', 'config.json'), '{}');
    await writeFile(join(tiny, 'empty.txt'), '');
    const { files, partBytes, revision } = await manifestOf('tiny');
    expect(files.map(({ name }) => name)).toEqual(['config.json', 'empty.txt', 'model.safetensors']);
    expect(partBytes).toBe(PART);
    expect(files[1]).toMatchObject({ bytes: 0, sha256: sha256(new Uint8Array(0)), parts: [] });
    expect(files[2]).toEqual({
      name: 'model.safetensors',
      bytes: weights.length,
      sha256: sha256(weights),
      parts: [0, PART, 2 * PART].map((at) => sha256(weights.subarray(at, at + PART))),
    });
    const lines = files.map(({ name, sha256: hash }) => `${name}\0${hash}\n`).join('');
    expect(revision).toBe(sha256(Buffer.from(lines)));
    expect((await get('/models/tiny/onnx/config.json')).status).toBe(404);
  });

  it('has a tag by which a client asks whether it is still the same', async () => {
    const first = await get('/models/tiny/manifest');
    const etag = first.headers.get('etag') as string;
    expect(first.headers.get('cache-control')).toBe('no-cache');
    expect((await get('/models/tiny/manifest', { 'if-none-match': etag })).status).toBe(304);
    await writeFile(
      join(tiny, 'config.json'),
      `${JSON.stringify({ hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2 })}\n`,
    );
    const second = await get('/models/tiny/manifest', { 'if-none-match': etag });
    expect(second.status).toBe(200);
    expect(second.headers.get('etag')).not.toBe(etag);
  });

  it('is not there for what is no model', async () => {
    for (const id of ['none', '.hidden', '..%2Ftiny']) {
      const response = await get(`/models/${id}/manifest`);
      expect([id, response.status, await response.json()]).toEqual([
        id,
        404,
        expect.objectContaining({ code: 'not-found' }),
      ]);
    }
  });

  it('answers many who ask at once alike, and other requests meanwhile', async () => {
    const asked = Promise.all(Array.from({ length: 8 }, () => manifestOf('tiny')));
    expect((await get('/healthz')).status).toBe(200);
    const all = await asked;
    for (const each of all) expect(each).toEqual(all[0]);
  });
});

describe('a file', () => {
  it('is tagged with its hash once that is known, and goes by its older tag as well', async () => {
    const first = (await get('/models/tiny/model.safetensors', { range: 'bytes=0-0' })).headers.get('etag') as string;
    await manifestOf('tiny');
    const known = await get('/models/tiny/model.safetensors', { range: 'bytes=0-0' });
    const etag = known.headers.get('etag') as string;
    expect(etag).toBe(`"${sha256(weights)}"`);
    expect(known.headers.get('cache-control')).toBe('public, max-age=3600, must-revalidate, no-transform');
    for (const tag of [first, etag]) {
      const part = await get('/models/tiny/model.safetensors', { range: 'bytes=5-9', 'if-range': tag });
      expect(part.status).toBe(206);
      expect(await bytesOf(part)).toEqual(weights.subarray(5, 10));
      expect((await get('/models/tiny/model.safetensors', { 'if-none-match': tag })).status).toBe(304);
    }
    const weak = await get('/models/tiny/model.safetensors', { range: 'bytes=5-9', 'if-range': `W/${etag}` });
    expect(weak.status).toBe(200);
    await weak.body?.cancel();
  });

  it('asked for by its hash is good for ever', async () => {
    const part = await get(weightsPath(), { range: `bytes=${PART}-${PART + 9}` });
    expect([part.status, part.headers.get('cache-control'), part.headers.get('etag')]).toEqual([
      206,
      'public, max-age=31536000, immutable, no-transform',
      `"${sha256(weights)}"`,
    ]);
    expect(await bytesOf(part)).toEqual(weights.subarray(PART, PART + 10));
    const head = await fetch(new URL(weightsPath(), coordinator.url), {
      method: 'HEAD',
      headers: { range: 'bytes=0-9' },
    });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(weights.length)]);
  });

  it('asked for by a hash that it has not, or has no longer, is refused with a sentence, and kept by nobody', async () => {
    expect((await get(weightsPath(), { range: 'bytes=0-0' })).status).toBe(206);
    await appendFile(join(tiny, 'config.json'), '\n');
    await writeFile(join(tiny, 'model.safetensors'), safetensors(900));
    const refused = await get(weightsPath());
    expect([refused.status, refused.headers.get('cache-control')]).toEqual([409, 'no-store']);
    expect(await refused.json()).toEqual({ code: 'conflict', message: expect.stringMatching(/has changed\.$/) });
    expect((await get(weightsPath('abc'))).status).toBe(400);
    expect((await get(`/models/tiny/gone.json?sha256=${sha256(weights)}`)).status).toBe(404);
    expect((await get(weightsPath(sha256(safetensors(900))))).status).toBe(200);
  });

  it('is sent in several ranges at once', async () => {
    const asked = [
      [0, 7],
      [PART - 2, PART + 1],
      [weights.length - 3, weights.length - 1],
    ] as const;
    const response = await get(weightsPath(), { range: `bytes=${asked[0].join('-')}, ${asked[1].join('-')},-3` });
    expect(response.status).toBe(206);
    const type = response.headers.get('content-type') ?? '';
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(type)?.[1] as string;
    const body = Buffer.from(await bytesOf(response));
    expect(Number(response.headers.get('content-length'))).toBe(body.length);
    const text = body.toString('latin1');
    const parts = text.split(`\r\n--${boundary}`);
    expect([parts[0], parts.at(-1)]).toEqual(['', '--\r\n']);
    expect(parts.slice(1, -1)).toEqual(
      asked.map(([start, end]) =>
        [
          '\r\ncontent-type: application/octet-stream',
          `content-range: bytes ${start}-${end}/${weights.length}`,
          '',
          Buffer.from(weights.subarray(start, end + 1)).toString('latin1'),
        ].join('\r\n'),
      ),
    );
  });

  it.each([
    ['overlap', 'bytes=0-9,5-14', 200],
    ['are malformed in one place', 'bytes=0-9,x', 200],
    ['are very many', `bytes=${Array.from({ length: 40 }, (_, i) => `${2 * i}-${2 * i}`).join()}`, 200],
    ['lie behind the end, all of them', 'bytes=99999999-,99999999-100000000', 416],
    ['lie behind the end, all but one', 'bytes=99999999-,0-3', 206],
  ])('answers ranges that %s as RFC 9110 has it', async (_, range, status) => {
    const response = await get(weightsPath(), { range });
    expect(response.status).toBe(status);
    await response.body?.cancel();
  });

  it('that a client stops reading is closed, also between ranges', async () => {
    for (const range of ['bytes=0-', `bytes=0-${PART - 1},${PART + 1}-`]) {
      await new Promise<void>((gone) => {
        const { hostname: host, port } = new URL(coordinator.url);
        const request = httpRequest({ host, port, path: weightsPath(), headers: { range } }, (response) => {
          response.once('data', () => response.destroy());
          response.once('close', gone);
        });
        request.end();
      });
    }
    const path = join(tiny, 'model.safetensors');
    await vi.waitFor(async () => expect(await openDescriptorsOf(path)).toBe(0));
  });
});

/** Of this process, where the system tells. */
async function openDescriptorsOf(path: string): Promise<number> {
  const names = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(join('/proc/self/fd', name)).catch(() => '')));
  return targets.filter((target) => target === path).length;
}

describe('the operator’s list of models', () => {
  const index = (...shards: string[]) =>
    JSON.stringify({ weight_map: Object.fromEntries(shards.map((shard, i) => [`tensor.${i}`, shard])) });

  it.each<[string, () => Promise<void>, RegExp]>([
    [
      'a file that is being copied',
      () => truncate(join(tiny, 'model.safetensors'), 5000),
      /5000 bytes .* still being copied/,
    ],
    ['a file of which the header is not there', () => truncate(join(tiny, 'model.safetensors'), 50), /no header/],
    ['more bytes than its header says', () => appendFile(join(tiny, 'model.safetensors'), 'x'), /is damaged/],
    [
      'shards that are not there',
      async () => {
        await rm(join(tiny, 'model.safetensors'));
        await writeFile(join(tiny, 'a.safetensors'), safetensors(500));
        await writeFile(join(tiny, 'model.safetensors.index.json'), index('a.safetensors', 'b.safetensors'));
      },
      /index names: b\.safetensors/,
    ],
    [
      'a shard that is being copied',
      async () => {
        await rm(join(tiny, 'model.safetensors'));
        await writeFile(join(tiny, 'a.safetensors'), safetensors(500).subarray(0, 400));
        await writeFile(join(tiny, 'model.safetensors.index.json'), index('a.safetensors'));
      },
      /a\.safetensors has 400 bytes/,
    ],
    [
      'half of an index',
      async () => {
        await rm(join(tiny, 'model.safetensors'));
        await writeFile(join(tiny, 'model.safetensors.index.json'), '{"weight_map":');
      },
      /index\.json cannot be read/,
    ],
  ])('is shown to the operator with the reason, and offered to nobody: %s', async (_, damage, reason) => {
    expect(await admin.models()).toEqual([
      { id: 'tiny', bytes: expect.any(Number), problem: null, notes: [], recipe: null },
    ]);
    await damage();
    expect(await admin.models()).toEqual([
      { id: 'tiny', bytes: expect.any(Number), problem: expect.stringMatching(reason), notes: [], recipe: null },
    ]);
    const { models } = modelListSchema.parse(await (await get('/api/models')).json());
    expect(models).toEqual([expect.objectContaining({ id: 'tiny', problem: expect.stringMatching(reason) })]);
    const refused = await get('/models/tiny/manifest');
    expect([refused.status, await refused.json()]).toEqual([
      409,
      { code: 'conflict', message: expect.stringMatching(reason) },
    ]);
    await expect(coordinator.createFederation(smallFederation)).rejects.toThrow(reason);
  });

  it('is offered once it is complete', async () => {
    const path = join(tiny, 'model.safetensors');
    await truncate(path, 5000);
    expect((await admin.models())[0]?.problem).not.toBe(null);
    await writeFile(path, weights);
    expect(await admin.models()).toEqual([
      { id: 'tiny', bytes: expect.any(Number), problem: null, notes: [], recipe: null },
    ]);
    expect((await manifestOf('tiny')).files).toHaveLength(2);
    await coordinator.createFederation(smallFederation);
  });

  it('tells the operator of a chat template that cannot end an answer, also once it is mended', async () => {
    const nano = new URL('../../../models/perfit-nano/', import.meta.url);
    await cp(new URL('tokenizer.json', nano), join(tiny, 'tokenizer.json'));
    const config = JSON.parse(await readFile(new URL('tokenizer_config.json', nano), 'utf8'));
    const notesWith = async (template: string) => {
      await writeFile(join(tiny, 'tokenizer_config.json'), JSON.stringify({ ...config, chat_template: template }));
      return (await admin.models())[0]?.notes;
    };
    const lines = (end: string) =>
      `{% for m in messages %}{{ m['role'] + ': ' + m['content'] ${end} + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}`;
    expect(await notesWith(lines(''))).toEqual([expect.stringMatching(/nothing that ends an answer: <\|im_end\|>/)]);
    expect(await notesWith(lines('+ eos_token'))).toEqual([]);
    const nested = '{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}';
    expect(await notesWith(nested)).toEqual([
      expect.stringMatching(/chat template cannot be used: it takes more steps/),
    ]);
    expect(await notesWith('{% for')).toEqual([expect.stringMatching(/chat template cannot be read/)]);
  });
});

describe('the Hub', () => {
  const HUB = 'https://huggingface.co https://*.huggingface.co https://*.hf.co';
  const connectSources = async () =>
    ((await get('/')).headers.get('content-security-policy') ?? '')
      .split(';')
      .find((part) => part.startsWith('connect-src'));
  const list = async () => modelListSchema.parse(await (await get('/api/models')).json());

  it('is out of reach for pages as a rule, and within reach where the operator allows it', async () => {
    expect(await connectSources()).not.toContain('huggingface');
    expect((await list()).hub).toBe(false);
    await coordinator.close();
    await coordinator.start({ allowHub: true });
    const { host } = new URL(coordinator.url);
    expect(await connectSources()).toBe(`connect-src 'self' ws://${host} wss://${host} ${HUB}`);
    expect((await list()).hub).toBe(true);
  });
});
