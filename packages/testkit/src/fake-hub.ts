import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeFile {
  readonly bytes: Uint8Array;
  /** Kept by its hash, on another host. */
  readonly lfs: boolean;
}

export interface FakeRepository {
  readonly files: Readonly<Record<string, FakeFile>>;
  readonly licence?: string;
  /** Its files are for those with this token; `gated` shows the listing to everybody, `private` to nobody. */
  readonly token?: string;
  readonly access?: 'gated' | 'private';
}

interface SeenRequest {
  readonly host: 'hub' | 'store';
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface FakeHub {
  readonly url: string;
  readonly commit: string;
  readonly requests: SeenRequest[];
  /** Answers in the store's place where it returns true. */
  disturb: ((request: SeenRequest, response: ServerResponse) => boolean) | null;
  close(): Promise<void>;
}

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
/** How many files the hub lists on one page. */
const PAGE = 4;

/**
 * A hub that answers as huggingface.co does, as far as a download goes: a revision's description, a listing in pages,
 * files at a revision, those in LFS by a redirect to another origin, and refusals with their reason in a header.
 */
export async function fakeHub(repositories: Readonly<Record<string, FakeRepository>>): Promise<FakeHub> {
  const requests: SeenRequest[] = [];
  const blobs = new Map<string, Uint8Array>();
  for (const { files } of Object.values(repositories))
    for (const { bytes } of Object.values(files)) blobs.set(hashOf('sha256', bytes), bytes);

  const hub: FakeHub = {
    url: '',
    commit: COMMIT,
    requests,
    disturb: null,
    close: async () => {
      for (const server of [front, store]) {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      }
    },
  };
  const seen = (host: SeenRequest['host'], { url = '', headers }: IncomingMessage): SeenRequest => {
    const request = { host, path: url, range: headers.range, authorization: headers.authorization };
    requests.push(request);
    return request;
  };
  const store = createServer((request, response) => {
    const asked = seen('store', request);
    if (hub.disturb?.(asked, response)) return;
    const bytes = blobs.get((request.url ?? '').slice(1)) as Uint8Array;
    sendBytes(response, bytes, request.headers.range);
  });
  const front = createServer((request, response) => {
    const asked = seen('hub', request);
    if (hub.disturb?.(asked, response)) return;
    answer(request, response);
  });

  function answer(request: IncomingMessage, response: ServerResponse): ServerResponse {
    const { pathname: path, searchParams } = new URL(request.url ?? '', hub.url);
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(path);
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    const [name, revision] = api ? [api[1], api[3]] : [file?.[1], file?.[2]];
    const repository = repositories[name ?? ''];
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const isKnown = token === undefined || Object.values(repositories).some((each) => each.token === token);
    if (!isKnown) return refuse(response, 401, null, 'Invalid credentials in Authorization header');
    const mayRead = repository?.token === undefined || repository.token === token;
    if (!repository || (repository.access === 'private' && !mayRead)) {
      return refuse(response, token ? 404 : 401, 'RepoNotFound', 'Repository not found');
    }
    if (!['HEAD', 'main', COMMIT].includes(revision ?? '')) {
      return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    }
    if (api?.[2] === 'revision') {
      const expanded = new Set(searchParams.getAll('expand'));
      return sendJson(response, {
        _id: '1',
        id: name,
        private: false,
        gated: repository.access === 'gated' ? 'manual' : false,
        lastModified: '2026-01-01T00:00:00.000Z',
        ...(expanded.has('sha') ? { sha: COMMIT } : {}),
        ...(expanded.has('cardData') ? { cardData: { license: repository.licence } } : {}),
      });
    }
    if (api) return sendTree(response, repository, { name: name as string, cursor: searchParams.get('cursor') });
    if (!mayRead) {
      return refuse(response, token ? 403 : 401, 'GatedRepo', `Access to model ${name} is restricted.`);
    }
    const found = repository.files[decodeURIComponent(file?.[3] ?? '')];
    if (!found) return refuse(response, 404, 'EntryNotFound', 'Entry not found');
    response.setHeader('x-repo-commit', COMMIT);
    if (!found.lfs) {
      response.setHeader('etag', `"${gitOid(found.bytes)}"`);
      return sendBytes(response, found.bytes, request.headers.range);
    }
    const sha256 = hashOf('sha256', found.bytes);
    response.writeHead(302, {
      'x-linked-size': found.bytes.length,
      'x-linked-etag': `"${sha256}"`,
      location: `http://127.0.0.1:${portOf(store)}/${sha256}`,
    });
    return response.end();
  }

  function sendTree(
    response: ServerResponse,
    { files }: FakeRepository,
    { name, cursor }: { name: string; cursor: string | null },
  ): ServerResponse {
    const entries = new Map<string, object>();
    for (const [path, { bytes, lfs }] of Object.entries(files)) {
      const [folder, rest] = path.split('/');
      if (rest !== undefined) entries.set(folder as string, { type: 'directory', oid: '0', size: 0, path: folder });
      else {
        const pointer = { lfs: { oid: hashOf('sha256', bytes), size: bytes.length, pointerSize: 134 } };
        entries.set(path, { type: 'file', oid: gitOid(bytes), size: bytes.length, path, ...(lfs ? pointer : {}) });
      }
    }
    const from = Number(cursor ?? 0);
    if (entries.size > from + PAGE) {
      const next = `${hub.url}/api/models/${name}/tree/${COMMIT}?recursive=false&cursor=${from + PAGE}`;
      response.setHeader('link', `<${next}>; rel="next"`);
    }
    return sendJson(response, [...entries.values()].slice(from, from + PAGE));
  }

  for (const server of [front, store]) {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  }
  return Object.assign(hub, { url: `http://127.0.0.1:${portOf(front)}` });
}

function sendBytes(response: ServerResponse, bytes: Uint8Array, header: string | undefined): ServerResponse {
  const range = /^bytes=(\d+)-(\d+)$/.exec(header ?? '');
  if (!range) return response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  const [start, end] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
  if (start >= bytes.length) return response.writeHead(416).end();
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end}/${bytes.length}`,
    'content-length': end - start + 1,
  });
  return response.end(bytes.subarray(start, end + 1));
}

function sendJson(response: ServerResponse, value: unknown): ServerResponse {
  return response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string | null, message: string): ServerResponse {
  if (code) response.setHeader('x-error-code', code);
  response.writeHead(status, { 'x-error-message': message, 'content-type': 'application/json' });
  return response.end(JSON.stringify({ error: message }));
}

export function hashOf(algorithm: 'sha256', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function gitOid(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

function portOf(server: ReturnType<typeof createServer>): number {
  return (server.address() as AddressInfo).port;
}
