import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import { ProtocolError } from '@perfit/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from './refusals.ts';
import { styleNonce } from './security-headers.ts';

const NOT_BUILT = 'The coordinator runs, but the web client is not built: nothing can be shown here.\n';

/** The built page: its files, and index.html for every address that is a page of it. */
export async function serveWebClient(app: FastifyInstance, webRoot: string | undefined): Promise<void> {
  const root = webRoot && existsSync(join(webRoot, 'index.html')) ? webRoot : null;
  if (root) {
    await app.register(fastifyStatic, {
      root,
      index: false,
      dotfiles: 'deny',
      cacheControl: false,
      setHeaders: (response, path) => {
        // Vite names what lies in assets/ by its content.
        const isNamedByContent = path.startsWith(join(root, 'assets') + sep);
        response.setHeader('cache-control', isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
    // To the static files this address is a folder, and those are nobody's business.
    app.get('/', (request, reply) => sendPage(root, request, reply));
  }
  app.setNotFoundHandler((request, reply) => {
    if (!isPage(request)) return refuse(reply, new ProtocolError('not-found', 'There is nothing at this address.'));
    if (!root) return reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT);
    return sendPage(root, request, reply);
  });
}

/** Without an ETag: an answer that says "not modified" would bring a nonce that the kept page does not have. */
async function sendPage(root: string, { raw }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const page = await readFile(join(root, 'index.html'), 'utf8');
  const html = page.replace('__STYLE_NONCE__', styleNonce(raw));
  return reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(html);
}

/** The page's own router knows these; a file that is missing is a 404, not a page. */
function isPage({ method, url }: FastifyRequest): boolean {
  const path = url.split('?')[0] as string;
  if (method !== 'GET' && method !== 'HEAD') return false;
  // What lies below it are files of models.
  if (path === '/models') return true;
  if (/^\/(api|models|assets|socket\.io)(\/|$)/.test(path)) return false;
  return path.startsWith('/join/') || !(path.split('/').at(-1) as string).includes('.');
}
