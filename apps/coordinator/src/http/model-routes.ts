import { createReadStream } from 'node:fs';
import { ProtocolError } from '@perfit/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ModelCatalogue } from '../models/model-catalogue.ts';
import { refuse } from './refusals.ts';

interface Params {
  readonly id: string;
  readonly file: string;
}

const TYPES: Record<string, string> = {
  json: 'application/json; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  jinja: 'text/plain; charset=utf-8',
  safetensors: 'application/octet-stream',
  model: 'application/octet-stream',
};

/** /models/<id>/<file>: base models, whole or in ranges. */
export function addModelRoutes(app: FastifyInstance, models: ModelCatalogue): void {
  app.route<{ Params: Params }>({
    method: ['GET', 'HEAD'],
    url: '/models/:id/:file',
    handler: (request, reply) => sendModelFile(models, request, reply),
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
  models: ModelCatalogue,
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { id, file: name } = request.params;
  const file = await models.file(id, name);
  if (!file) return refuse(reply, new ProtocolError('not-found', 'There is no such file of a model.'));
  const { size, mtimeMs, ino } = file.stats;
  const etag = `"${[size, Math.floor(mtimeMs * 1000), ino].map((part) => part.toString(36)).join('-')}"`;
  reply
    .header('accept-ranges', 'bytes')
    .header('etag', etag)
    // The address does not change with the content: a copy is good for an hour, and then as long as its tag.
    .header('cache-control', 'public, max-age=3600, must-revalidate, no-transform')
    .header('last-modified', file.stats.mtime.toUTCString())
    .type(TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
  if (tagsOf(request.headers['if-none-match']).includes(etag)) return reply.code(304).send();

  const ifRange = request.headers['if-range'];
  const range = ifRange === undefined || ifRange === etag ? readRange(request.headers.range, size) : null;
  if (range === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${size}`).send();
  const { start, end } = range ?? { start: 0, end: size - 1 };
  if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
  reply.header('content-length', end - start + 1);
  if (request.method === 'HEAD' || size === 0) return reply.send();
  return reply.send(createReadStream(file.path, { start, end }));
}

/** One range, as RFC 9110 has it; several at once are answered with the whole file. */
function readRange(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [first, last] = [match[1] as string, match[2] as string];
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && first !== '' && Number(last) < Number(first)) return null;
  return start >= size || start > end ? 'unsatisfiable' : { start, end };
}

function tagsOf(header: string | undefined): string[] {
  return (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
}
