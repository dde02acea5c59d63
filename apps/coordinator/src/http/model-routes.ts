import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ProtocolError } from '@perfit/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ModelCatalogue, ModelFile } from '../models/model-catalogue.ts';
import type { ModelHashes } from '../models/model-hashes.ts';
import { manifestOf } from '../models/model-manifest.ts';
import { multipart, parseRanges } from './byte-ranges.ts';
import { refuse } from './refusals.ts';

interface Params {
  readonly id: string;
  readonly file: string;
}

interface Mirror {
  readonly models: ModelCatalogue;
  readonly hashes: ModelHashes;
}

const TYPES: Record<string, string> = {
  json: 'application/json; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  jinja: 'text/plain; charset=utf-8',
  safetensors: 'application/octet-stream',
  gguf: 'application/octet-stream',
  model: 'application/octet-stream',
};
/** The address does not change with the content: a copy is good for an hour, and then as long as its tag. */
const BY_NAME = 'public, max-age=3600, must-revalidate, no-transform';
const BY_CONTENT = 'public, max-age=31536000, immutable, no-transform';

const querySchema = z.object({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'a SHA-256 has 64 hexadecimal digits, in lower case' })
    .optional(),
});

/**
 * /models/<id>/manifest: what there is, with its hashes. /models/<id>/<file>: base models, whole or in ranges; with
 * ?sha256=<hash> only as long as that is what the file holds, so that a copy is good for ever. A GGUF file's description
 * is there under the names that a Hugging Face folder has for it, though no file is.
 */
export function addModelRoutes(app: FastifyInstance, mirror: Mirror): void {
  app.get<{ Params: Pick<Params, 'id'> }>('/models/:id/manifest', async ({ params, headers }, reply) => {
    const manifest = await manifestOf(params.id, mirror);
    const etag = `"${manifest.revision}"`;
    reply.header('cache-control', 'no-cache').header('etag', etag);
    return tagsOf(headers['if-none-match']).includes(etag) ? reply.code(304).send() : manifest;
  });
  app.route<{ Params: Params }>({
    method: ['GET', 'HEAD'],
    url: '/models/:id/:file',
    handler: (request, reply) => sendModelFile(mirror, request, reply),
  });
  // A page of another, listed origin asks before it sends a Range header.
  app.options('/models/*', (_request, reply) =>
    reply
      .header('access-control-allow-methods', 'GET, HEAD')
      .header('access-control-allow-headers', 'range, if-range')
      .code(204)
      .send(),
  );
}

async function sendModelFile(
  { models, hashes }: Mirror,
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { id, file: name } = request.params;
  const { sha256: wanted } = querySchema.parse(request.query);
  const file = await models.file(id, name);
  if (!file) {
    const text = await models.describedByGguf(id, name);
    if (text !== null)
      return reply
        .header('cache-control', 'no-cache')
        .type(TYPES.json as string)
        .send(text);
    return refuse(reply, new ProtocolError('not-found', 'There is no such file of a model.'));
  }
  const known = wanted === undefined ? await hashes.known(file) : await hashes.of(file);
  if (wanted !== undefined && known?.sha256 !== wanted) return refuse(reply, changed(file));

  const { size } = file.stats;
  const tags = [...(known ? [`"${known.sha256}"`] : []), tagByStats(file)];
  const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
  reply
    .header('accept-ranges', 'bytes')
    .header('etag', tags[0])
    .header('cache-control', wanted === undefined ? BY_NAME : BY_CONTENT)
    .header('last-modified', file.stats.mtime.toUTCString())
    .type(type);
  if (tagsOf(request.headers['if-none-match']).some((tag) => tags.includes(tag))) return reply.code(304).send();
  if (request.method === 'HEAD') return reply.header('content-length', size).send();

  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || tags.includes(String(ifRange));
  const ranges = isSame ? parseRanges(request.headers.range, size) : null;
  if (ranges === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${size}`).send();
  const handle = await openUnchanged(file);
  if (!handle) return refuse(reply, changed(file));
  if (ranges && ranges.length > 1) {
    const { type: multiple, length, body } = multipart(handle, ranges, { size, type });
    return reply.code(206).type(multiple).header('content-length', length).send(body);
  }
  const [{ start, end } = { start: 0, end: size - 1 }] = ranges ?? [];
  if (ranges) reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
  reply.header('content-length', end - start + 1);
  if (size === 0) {
    await handle.close();
    return reply.send();
  }
  return reply.send(handle.createReadStream({ start, end }));
}

/** Null where it is not the file any more that was looked at. */
async function openUnchanged({ path, stats }: ModelFile): Promise<FileHandle | null> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => null);
  if (!handle) return null;
  const now = await handle.stat();
  if (now.ino === stats.ino && now.size === stats.size && now.mtimeMs === stats.mtimeMs) return handle;
  await handle.close();
  return null;
}

function changed({ id, name }: ModelFile): ProtocolError {
  return new ProtocolError(
    'conflict',
    `The file ${name} of the model "${id}" is not the one that was asked for any more: its folder has changed.`,
  );
}

/** As long as the file is not hashed. */
function tagByStats({ stats: { size, mtimeMs, ino } }: ModelFile): string {
  return `"${[size, Math.floor(mtimeMs * 1000), ino].map((part) => part.toString(36)).join('-')}"`;
}

function tagsOf(header: string | undefined): string[] {
  return (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
}
