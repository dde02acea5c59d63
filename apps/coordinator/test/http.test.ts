import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { federationSummarySchema, modelListSchema } from '@perfit/protocol';
import { smallFederation } from '@perfit/testkit';
import { hostCoordinator } from '@perfit/testkit/coordinator';
import { describe, expect, it } from 'vitest';
import { safetensors } from './safetensors.ts';

const weights = safetensors(1000);

const coordinator = hostCoordinator({}, async ({ root, modelsDirectory }) => {
  const webRoot = join(root, 'web');
  await mkdir(join(webRoot, 'assets'), { recursive: true });
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><meta nonce="__STYLE_NONCE__"><title>PerFIT</title>');
  await writeFile(join(webRoot, 'assets', 'app-1234.js'), 'export {};');
  const tiny = join(modelsDirectory, 'tiny');
  await writeFile(join(tiny, 'model.safetensors'), weights);
  await writeFile(join(tiny, 'notes.md'), 'private');
  await writeFile(join(tiny, '.hidden.json'), '{}');
  await writeFile(join(root, 'secret.json'), '{}');
  await symlink(join(root, 'secret.json'), join(tiny, 'link.json'));
  return { webRoot, origins: ['https://tuning.example.org'], runBy: { name: 'The village hall' } };
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(new URL(path, coordinator.url), { headers });

/** `fetch` tidies paths up before it sends them; this does not. */
function statusOf(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: coordinator.port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject).end();
  });
}

describe('the page', () => {
  it('is served at every address of its router, with its files', async () => {
    for (const path of [
      '/',
      '/join/small-1?invite=x',
      '/join/a.b',
      '/models',
      '/operator',
      '/operator/federations/x',
    ]) {
      const response = await get(path);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(response.headers.get('cache-control')).toBe('no-cache');
    }
    const script = await get('/assets/app-1234.js');
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await get('/assets/gone.js')).status).toBe(404);
    expect((await get('/favicon.ico')).status).toBe(404);
    expect((await get('/api/nothing')).status).toBe(404);
  });

  it('may run its own scripts and WebAssembly, talk to its own origin, be framed by nobody, and use threads', async () => {
    const page = await get('/');
    const { headers } = page;
    const policy = headers.get('content-security-policy') ?? '';
    const directives = new Map(
      policy.split(';').map((each) => [each.split(' ')[0], each.split(' ').slice(1).join(' ')]),
    );
    expect(directives.get('default-src')).toBe("'none'");
    expect(directives.get('script-src')).toBe("'self' 'wasm-unsafe-eval'");
    expect(directives.get('worker-src')).toBe("'self'");
    const nonce = /'nonce-([^']+)'/.exec(directives.get('style-src') ?? '')?.[1] ?? '';
    expect(nonce).toHaveLength(24);
    expect(directives.get('style-src')).toBe(`'self' 'nonce-${nonce}'`);
    expect(await page.text()).toContain(`nonce="${nonce}"`);
    const again = await get('/');
    expect(again.headers.get('etag')).toBeNull();
    expect(again.headers.get('content-security-policy')).not.toContain(nonce);
    expect(policy).not.toContain('unsafe-inline');
    const host = `127.0.0.1:${coordinator.port}`;
    expect(directives.get('connect-src')).toBe(`'self' ws://${host} wss://${host}`);
    expect(directives.get('frame-ancestors')).toBe("'none'");
    expect(directives.get('object-src')).toBe("'none'");
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('base models', () => {
  it('are served whole and in ranges, under a tag', async () => {
    const whole = await get('/models/tiny/model.safetensors');
    expect(whole.status).toBe(200);
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(weights);
    const etag = whole.headers.get('etag') as string;
    expect(etag).toMatch(/^"[^"]+"$/);
    const ranges: [string, number, number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=10-19', 10, 20],
      ['bytes=990-', 990, 1000],
      ['bytes=-5', 995, 1000],
      ['bytes=500-99999', 500, 1000],
    ];
    for (const [range, start, end] of ranges) {
      const part = await get('/models/tiny/model.safetensors', { range });
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${start}-${end - 1}/1000`]);
      expect(new Uint8Array(await part.arrayBuffer())).toEqual(weights.subarray(start, end));
    }
    const behind = await get('/models/tiny/model.safetensors', { range: 'bytes=1000-' });
    expect([behind.status, behind.headers.get('content-range')]).toEqual([416, 'bytes */1000']);
    expect((await get('/models/tiny/model.safetensors', { 'if-none-match': etag })).status).toBe(304);
    // A file that has changed since is not pieced together from old and new.
    const changed = await get('/models/tiny/model.safetensors', { range: 'bytes=0-9', 'if-range': '"old"' });
    expect(changed.status).toBe(200);
    const same = await get('/models/tiny/model.safetensors', { range: 'bytes=0-9', 'if-range': etag });
    expect(same.status).toBe(206);
  });

  it('nothing else is: no other file, no link, no way out of the folder', async () => {
    expect((await get('/models/tiny/config.json')).status).toBe(200);
    for (const path of [
      '/models/tiny/notes.md',
      '/models/tiny/.hidden.json',
      '/models/tiny/link.json',
      '/models/tiny/../../secret.json',
      '/models/tiny/..%2F..%2Fsecret.json',
      '/models/..%2Fsecret.json',
      '/models/../secret.json',
      '/models/%2e%2e/secret.json',
      '/models/tiny/%2e%2e%2f%2e%2e%2fsecret.json',
      '/models/tiny/config.json%00.txt',
      '/models//etc/passwd',
      '/models/tiny/',
      '/models/none/config.json',
      '/../data/session-secret',
      '/assets/..%2f..%2fdata%2fsession-secret',
    ]) {
      expect([path, await statusOf(path)]).toEqual([
        path,
        expect.toSatisfy((status) => [400, 403, 404].includes(status)),
      ]);
    }
  });

  it('pages of listed origins may read them, others not', async () => {
    const listed = await get('/models/tiny/config.json', { origin: 'https://tuning.example.org' });
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://tuning.example.org');
    expect(listed.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    const other = await get('/models/tiny/config.json', { origin: 'https://evil.example' });
    expect(other.headers.get('access-control-allow-origin')).toBe(null);
  });
});

describe('the public API', () => {
  it('tells anybody what they should know before joining, and nothing of clients or invites', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation);
    const response = await get(`/api/federations/${id}`);
    const text = await response.text();
    const summary = federationSummarySchema.strict().parse(JSON.parse(text));
    expect(summary).toMatchObject({
      id,
      modelPath: '/models/tiny/',
      modelBytes: expect.toSatisfy((bytes) => bytes > 1000),
      layoutSize: 144,
      status: { state: 'paused', round: 0 },
    });
    expect(text).not.toContain(invite);
    expect(await (await get('/api/federations')).json()).toEqual([summary]);
    expect(summary.host).toEqual({ name: 'The village hall' });
    const host = { name: 'Ada', contact: 'mailto:ada@example.org' };
    const { id: hers } = await coordinator.createFederation({ ...smallFederation, host });
    expect(await (await get(`/api/federations/${hers}`)).json()).toMatchObject({ host });
    expect(await (await get('/api/federations/nowhere')).json()).toMatchObject({ code: 'unknown-federation' });
    expect((await get('/api/federations/NO!')).status).toBe(400);
  });

  it('lists the models that lie here, also one whose config says nothing of its type', async () => {
    const odd = join(coordinator.folders.modelsDirectory, 'odd');
    await mkdir(odd);
    await writeFile(join(odd, 'config.json'), '[]');
    const { models, hub } = modelListSchema.strict().parse(await (await get('/api/models')).json());
    const tiny = models.find(({ id }) => id === 'tiny');
    expect(tiny).toEqual({
      id: 'tiny',
      bytes: expect.toSatisfy((bytes) => bytes > 1000),
      modelType: 'llama',
      problem: null,
    });
    expect(models.find(({ id }) => id === 'odd')).toEqual({
      id: 'odd',
      bytes: 2,
      modelType: null,
      problem: expect.stringContaining('odd'),
    });
    expect(hub).toBe(false);
  });

  it('says that it lives, that it is ready, and to this machine how it does', async () => {
    expect((await get('/healthz')).status).toBe(200);
    expect(await (await get('/readyz')).json()).toMatchObject({ status: 'ready', checks: { disk: { ok: true } } });
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toContain('perfit_federations{state="paused"} 2');
    expect(metrics).toContain('process_cpu_seconds_total');
    // Whoever comes through a proxy is not this machine.
    const forwarded = await get('/metrics', { 'x-forwarded-for': '127.0.0.1' });
    expect([forwarded.status, await forwarded.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'login-required' }),
    ]);
  });
});
