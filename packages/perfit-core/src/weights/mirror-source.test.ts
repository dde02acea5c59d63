import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mirrorSource } from './mirror-source.ts';

const content = Uint8Array.from({ length: 100 }, (_, i) => i);
const sha256 = createHash('sha256').update(content).digest('hex');
const file = { name: 'model.safetensors', bytes: 100, sha256, parts: [sha256] };
const manifest = { revision: sha256, partBytes: 4 << 20, files: [file] };

let sent: { status: number; body: string };
let trouble: number[];
let hasRanges: boolean;
let changed: boolean;
const requests: string[] = [];
let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? ''}`.trim());
    const status = trouble.shift();
    if (status) return void response.writeHead(status).end();
    const { pathname, searchParams } = new URL(request.url ?? '', address);
    if (pathname === '/models/tiny/manifest') return void response.writeHead(sent.status).end(sent.body);
    if (changed || searchParams.get('sha256') !== sha256) {
      return void response.writeHead(409).end(JSON.stringify({ code: 'conflict', message: 'The folder has changed.' }));
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (!range || !hasRanges) return void response.writeHead(200, { 'content-length': 100 }).end(content);
    response.writeHead(206).end(content.subarray(Number(range[1]), Number(range[2]) + 1));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  sent = { status: 200, body: JSON.stringify(manifest) };
  trouble = [];
  hasRanges = true;
  changed = false;
  requests.length = 0;
});

const open = () => mirrorSource(`${address}/models/tiny`, { pause: async () => {} });

describe('mirrorSource', () => {
  it('reads the manifest once, and files by their hash', async () => {
    const source = open();
    expect(await source.manifest()).toEqual(manifest);
    expect(await source.range('model.safetensors', 10, 14)).toEqual(content.slice(10, 14));
    expect(await source.size('model.safetensors')).toBe(100);
    expect(await source.has('config.json')).toBe(false);
    await expect(source.text('config.json')).rejects.toMatchObject({ code: 'weights-missing-file' });
    await expect(source.range('model.safetensors', 90, 101)).rejects.toMatchObject({ code: 'weights-truncated' });
    expect(requests).toEqual(['/models/tiny/manifest', `/models/tiny/model.safetensors?sha256=${sha256} bytes=10-13`]);
  });

  it('reads past a proxy that takes ranges away', async () => {
    hasRanges = false;
    expect(await open().range('model.safetensors', 10, 14)).toEqual(content.slice(10, 14));
  });

  it('goes on where the server was busy for a while', async () => {
    trouble = [503, 502, 429, 500];
    expect((await open().manifest()).revision).toBe(sha256);
  });

  it('says that the folder has changed, with the sentence of the server', async () => {
    const source = open();
    await source.manifest();
    changed = true;
    await expect(source.range('model.safetensors', 0, 4)).rejects.toMatchObject({
      code: 'weights-changed',
      message: expect.stringContaining('The folder has changed.'),
    });
  });

  const without = (field: string) => ({ ...manifest, [field]: undefined });
  it.each<[string, number, unknown]>([
    ['no JSON', 200, '<html>'],
    ['a list', 200, []],
    ['no revision', 200, without('revision')],
    ['a revision that is a path', 200, { ...manifest, revision: '../x' }],
    ['no part size', 200, without('partBytes')],
    ['a part size of nothing', 200, { ...manifest, partBytes: 0 }],
    ['no files', 200, without('files')],
    ['a file without a name', 200, { ...manifest, files: [{ ...file, name: '' }] }],
    ['a file in a folder', 200, { ...manifest, files: [{ ...file, name: '../model.safetensors' }] }],
    ['a negative size', 200, { ...manifest, files: [{ ...file, bytes: -1 }] }],
    ['a hash of the wrong length', 200, { ...manifest, files: [{ ...file, sha256: 'abc' }] }],
    ['too few parts', 200, { ...manifest, files: [{ ...file, parts: [] }] }],
    ['a part that is no hash', 200, { ...manifest, files: [{ ...file, parts: ['x'] }] }],
    ['a file twice', 200, { ...manifest, files: [file, file] }],
  ])('refuses a manifest with %s', async (_, status, body) => {
    sent = { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
    await expect(open().manifest()).rejects.toMatchObject({ name: 'WeightsError', code: 'weights-invalid-manifest' });
  });

  it('says that there is no such model', async () => {
    sent = { status: 404, body: JSON.stringify({ code: 'not-found', message: 'There is no model "tiny" here.' }) };
    await expect(open().manifest()).rejects.toMatchObject({
      code: 'weights-missing-file',
      message: expect.stringContaining('There is no model "tiny" here.'),
    });
  });

  it('ends with the reason of its signal', async () => {
    const reason = new Error('enough');
    const source = mirrorSource(`${address}/models/tiny`, { signal: AbortSignal.abort(reason) });
    await expect(source.manifest()).rejects.toBe(reason);
  });
});
