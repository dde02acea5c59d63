import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directorySource } from '../node/directory-source.ts';
import { fileSource, httpSource, type ModelSource } from './source.ts';

const content = Uint8Array.from({ length: 100 }, (_, i) => i);
const requests: string[] = [];
let folder: string;
let server: Server;
let address: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perfit-source-'));
  await writeFile(join(folder, 'model.bin'), content);
  await writeFile(join(folder, 'config.json'), '{"a":1}');
  server = createServer((request, response) => {
    const [, mode, name] = (request.url ?? '').split('/');
    requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim());
    const body = name === 'model.bin' ? Buffer.from(content) : name === 'config.json' ? Buffer.from('{"a":1}') : null;
    if (mode === 'broken') return void response.writeHead(500).end();
    if (body === null) return void response.writeHead(404).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (!range || mode === 'plain') {
      return void response.writeHead(200, { 'content-length': body.length }).end(request.method === 'HEAD' ? '' : body);
    }
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (from >= body.length) return void response.writeHead(416).end();
    response.writeHead(206).end(body.subarray(from, to + 1));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const kinds: [string, () => ModelSource][] = [
  ['a folder on disk', () => directorySource(folder)],
  ['chosen files', () => fileSource([new File([content], 'model.bin'), new File(['{"a":1}'], 'config.json')])],
  ['a server with ranges', () => httpSource(`${address}/ranged`)],
  ['a server without ranges', () => httpSource(`${address}/plain/`)],
];

describe.each(kinds)('ModelSource: %s', (_, open) => {
  it('reads texts, sizes and ranges', async () => {
    const source = open();
    expect(await source.text('config.json')).toBe('{"a":1}');
    expect(await source.size('model.bin')).toBe(100);
    expect(Array.from(await source.range('model.bin', 10, 14))).toEqual([10, 11, 12, 13]);
    expect(Array.from(await source.range('model.bin', 96, 100))).toEqual([96, 97, 98, 99]);
    expect((await source.range('model.bin', 5, 5)).length).toBe(0);
    expect(await source.has('model.bin')).toBe(true);
    expect(await source.has('other.bin')).toBe(false);
  });

  it('names a file that is missing or too short', async () => {
    const source = open();
    await expect(source.text('other.json')).rejects.toMatchObject({
      code: 'weights-missing-file',
      message: /other\.json/,
    });
    await expect(source.range('other.bin', 0, 4)).rejects.toMatchObject({
      code: 'weights-missing-file',
      message: /other\.bin/,
    });
    await expect(source.range('model.bin', 90, 120)).rejects.toMatchObject({
      code: 'weights-truncated',
      message: /model\.bin/,
    });
    await expect(source.range('model.bin', 110, 120)).rejects.toMatchObject({ code: 'weights-truncated' });
  });
});

describe('httpSource', () => {
  it('asks for the bytes that it needs, and once only where the server has no ranges', async () => {
    const ranged = httpSource(`${address}/ranged`);
    await ranged.range('model.bin', 0, 8);
    expect(requests.at(-1)).toBe('GET /ranged/model.bin bytes=0-7');
    const plain = httpSource(`${address}/plain`);
    await plain.range('model.bin', 0, 8);
    const asked = requests.length;
    await plain.range('model.bin', 8, 16);
    expect(requests.length).toBe(asked);
  });

  it('says that a server failed or cannot be reached', async () => {
    await expect(httpSource(`${address}/broken`).text('config.json')).rejects.toMatchObject({
      code: 'weights-unreadable',
      message: /500/,
    });
    const unreachable = httpSource('http://127.0.0.1:1');
    await expect(unreachable.size('config.json')).rejects.toMatchObject({ code: 'weights-unreadable' });
  });

  it('stops with the reason of its signal', async () => {
    const reason = new Error('enough');
    const source = httpSource(`${address}/ranged`, { signal: AbortSignal.abort(reason) });
    await expect(source.range('model.bin', 0, 8)).rejects.toBe(reason);
  });
});
