import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import cookie from '@fastify/cookie';
import { federationIdSchema, ProtocolError } from '@perfit/protocol';
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Meters } from '../metrics/meters.ts';
import { addReadings } from '../metrics/readings.ts';
import type { ModelHashes } from '../models/model-hashes.ts';
import type { Store } from '../store/store.ts';
import { type AdminParts, addAdminRoutes } from './admin-routes.ts';
import { principalOf } from './authentication.ts';
import { addModelListRoute } from './model-list-route.ts';
import { addModelRoutes } from './model-routes.ts';
import { openApiDocument } from './openapi.ts';
import { readiness } from './readiness.ts';
import { answerRefusals } from './refusals.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { serveWebClient } from './web-client.ts';

export interface HttpParts extends AdminParts {
  readonly store: Store;
  readonly hashes: ModelHashes;
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly webRoot: string | undefined;
  /** Whether pages may talk to the Hugging Face Hub. */
  readonly allowHub: boolean;
  readonly trustProxy: boolean;
  readonly meters: Meters;
  readonly logger: Logger;
}

/** Everything that goes over HTTP: the page, base models, the public and the operator's API, health and metrics. */
export async function createHttpServer(parts: HttpParts): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: parts.logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request' }),
    trustProxy: parts.trustProxy,
    bodyLimit: 64 * 1024,
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: true,
  });
  answerRefusals(app, parts.meters);
  nameRequests(app);
  measureRequests(app, parts.meters);
  await setSecurityHeaders(app, parts);
  await app.register(cookie);
  addModelRoutes(app, parts);
  addModelListRoute(app, parts);
  addPublicRoutes(app, parts);
  addOpenApiRoute(app);
  addHealthRoutes(app, parts);
  await addAdminRoutes(app, parts);
  await serveWebClient(app, parts.webRoot);
  return app;
}

/** What a proxy in front has named a request; else a name of ours. */
function requestIdOf({ headers }: { headers: IncomingHttpHeaders }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
}

/** The answer says which lines of the log are about it. Addresses are not logged: an invite may stand in them. */
function nameRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async ({ log, method, routeOptions }, { statusCode, elapsedTime }) => {
    const answer = { method, route: routeOptions.url ?? 'none', status: statusCode, ms: Math.round(elapsedTime) };
    log.debug(answer, 'a request was answered');
  });
}

/** By routes as they are declared: an address of somebody's making would be a label of its own. */
function measureRequests(app: FastifyInstance, { httpRequests }: Meters): void {
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    httpRequests.observe({ method, route: routeOptions.url ?? 'none', status: statusCode }, elapsedTime / 1000);
  });
}

function addPublicRoutes(app: FastifyInstance, { federations, views }: HttpParts): void {
  const byId = z.object({ id: federationIdSchema });
  app.get('/api/federations', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return Promise.all(federations.all().map((room) => views.summary(room)));
  });
  app.get('/api/federations/:id', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return views.summary(federations.get(byId.parse(request.params).id));
  });
}

function addOpenApiRoute(app: FastifyInstance): void {
  const document = openApiDocument();
  app.get('/api/openapi.json', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return document;
  });
}

function addHealthRoutes(
  app: FastifyInstance,
  { sessions, keys, federations, store, dataDirectory, clock, meters }: HttpParts,
): void {
  const { registry } = meters;
  addReadings(registry, { federations, dataDirectory, clock });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const answer = await readiness({ store, dataDirectory, clock });
    return reply
      .code(answer.status === 'ready' ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(answer);
  });
  app.get('/metrics', async (request, reply) => {
    const isOperator = await principalOf(request.headers, { sessions, keys });
    if (!isOperator && !isLocal(request)) {
      throw new ProtocolError('login-required', 'Metrics are for the operator, or for this machine itself.');
    }
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

/** From this machine itself; a request that a proxy passes on is not. */
function isLocal(request: FastifyRequest): boolean {
  const isForwarded = request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined;
  return !isForwarded && ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(request.socket.remoteAddress ?? '');
}

/** The address that limits are counted by. */
export function addressOf(request: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy ? request.headers['x-forwarded-for'] : undefined;
  const first = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(',')[0]?.trim();
  return first || (request.socket.remoteAddress ?? 'unknown');
}
