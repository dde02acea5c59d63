import type { IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import type { Origins } from './origins.ts';

/** The Hub, and where it redirects to for large files. */
const HUB = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'];

/**
 * What a page of ours may do: run its own scripts and WebAssembly, talk to its own origin, to the Hub where the operator
 * allows it, and nothing else. The two Cross-Origin headers isolate it, which is what WebAssembly threads ask for.
 */
export async function setSecurityHeaders(
  app: FastifyInstance,
  { origins, allowHub }: { origins: Origins; allowHub: boolean },
): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        workerSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", 'blob:', (request) => socketSources(request), ...(allowHub ? HUB : [])],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: { policy: 'require-corp' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
    // The coordinator speaks HTTP; whoever terminates TLS in front of it says how long that holds.
    strictTransportSecurity: false,
  });
  app.addHook('onSend', async (request, reply) => {
    const { origin } = request.headers;
    reply.header('permissions-policy', 'camera=(), microphone=(), geolocation=()');
    if (!isPublic(request.url)) return;
    // A copy that was kept for one page is not what another origin's page may read.
    reply.header('vary', 'Origin');
    if (!origins.isListed(origin)) return;
    // A page of a listed origin may read what anybody may read. Cookies are never part of it.
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', 'accept-ranges, content-range, etag');
    reply.header('cross-origin-resource-policy', 'cross-origin');
  });
}

export function isPublic(url: string): boolean {
  return ['/models/', '/api/models', '/api/federations'].some((path) => url.startsWith(path));
}

/** Safari reads 'self' without the WebSocket of the same host. */
function socketSources(request: IncomingMessage): string {
  const { host } = request.headers;
  return host && /^[A-Za-z0-9.:[\]-]+$/.test(host) ? `ws://${host} wss://${host}` : "'self'";
}
