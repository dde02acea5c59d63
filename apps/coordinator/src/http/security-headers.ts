import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import type { Origins } from './origins.ts';

/** The Hub, and where it redirects to for large files. */
const HUB = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'];

/**
 * What a page of ours may do: run its own scripts and WebAssembly, talk to its own origin, to the Hub where the operator
 * allows it, and nothing else. The two Cross-Origin headers isolate it, which is what WebAssembly threads ask for.
 *
 * - `wasm-unsafe-eval` is what compiling WebAssembly asks for, and allows no `eval`.
 * - Mantine writes a few `<style>` elements at run time: they carry a nonce. Style attributes are not allowed; React sets
 *   styles one by one, which is no attribute to a browser.
 * - That text becomes markup or a script's address only through one policy is said in the page itself (trusted types,
 *   apps/web-client/build/offline-shell.ts): workers have no document to guard.
 */
export async function setSecurityHeaders(
  app: FastifyInstance,
  { origins, allowHub }: { origins: Origins; allowHub: boolean },
): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        workerSrc: ["'self'"],
        styleSrc: ["'self'", (request) => `'nonce-${styleNonce(request)}'`],
        imgSrc: ["'self'", 'data:'],
        manifestSrc: ["'self'"],
        connectSrc: ["'self'", (request) => socketSources(request), ...(allowHub ? HUB : [])],
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

const nonces = new WeakMap<IncomingMessage, string>();

/** What the `<style>` elements of the page that answers this request carry. */
export function styleNonce(request: IncomingMessage): string {
  const nonce = nonces.get(request) ?? randomBytes(16).toString('base64');
  nonces.set(request, nonce);
  return nonce;
}

function isPublic(url: string): boolean {
  return ['/models/', '/api/models', '/api/federations'].some((path) => url.startsWith(path));
}

/** Safari reads 'self' without the WebSocket of the same host. */
function socketSources(request: IncomingMessage): string {
  const { host } = request.headers;
  return host && /^[A-Za-z0-9.:[\]-]+$/.test(host) ? `ws://${host} wss://${host}` : "'self'";
}
