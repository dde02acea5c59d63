import { isRoleEnough, ProtocolError } from '@perfit/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.ts';
import { type AccessParts, accessRoutes } from './access-routes.ts';
import type { AdminRoute } from './admin-route.ts';
import { principalOf } from './authentication.ts';
import { type FederationRouteParts, federationRoutes } from './federation-routes.ts';
import { type MaintenanceParts, maintenanceRoutes } from './maintenance-routes.ts';
import type { Origins } from './origins.ts';
import { codeOf } from './refusals.ts';

export interface AdminParts extends AccessParts, FederationRouteParts, MaintenanceParts {
  readonly origins: Origins;
}

const PREFIX = '/api/admin';

/** Every address of the operator's API. */
export function adminRoutes(parts: AdminParts): AdminRoute[] {
  return [...accessRoutes(parts), ...federationRoutes(parts), ...maintenanceRoutes(parts)];
}

/**
 * /api/admin/*: the operator's API. Denied by default: a route says what it needs or the coordinator does not start,
 * and whatever is asked for, strangers only learn that they are strangers.
 */
export async function addAdminRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  refuseUndeclared(app);
  await app.register(
    async (admin) => {
      const principals = new WeakMap<FastifyRequest, Principal>();
      admin.addHook('onRequest', async (request) => {
        const { needs = 'viewer' } = request.routeOptions.config;
        if (needs === 'nobody') return guardMutations(request, parts.origins);
        const principal = await principalOf(request.headers, parts);
        if (!principal) throw new ProtocolError('login-required', 'Please sign in as an operator first.');
        principals.set(request, principal);
        // No page can make a browser send a key.
        if (principal.kind === 'operator') guardMutations(request, parts.origins);
      });
      admin.addHook('onSend', async (_request, reply) => {
        reply.header('cache-control', 'no-store');
      });
      for (const route of adminRoutes(parts)) {
        admin.route({
          method: route.method,
          url: route.path,
          config: { needs: route.needs },
          handler: (request, reply) => answer(route, { request, reply, by: principals.get(request) ?? null, parts }),
        });
      }
      admin.setNotFoundHandler(() => {
        throw new ProtocolError('not-found', 'There is nothing at this address.');
      });
    },
    { prefix: PREFIX },
  );
}

/** From here on a route of the operator's API that says nothing of what it needs ends the start. */
export function refuseUndeclared(app: FastifyInstance): void {
  app.addHook('onRoute', ({ url, method, config }) => {
    const isOperators = url === PREFIX || url.startsWith(`${PREFIX}/`);
    if (isOperators && !config?.needs) throw new Error(`${method} ${url} does not say which role it needs.`);
  });
}

interface Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly by: Principal | null;
  readonly parts: AdminParts;
}

/** Checks the role, parses, answers, and notes what changes something: also what was refused. */
async function answer(route: AdminRoute, asked: Asked): Promise<unknown> {
  const { request, reply, by, parts } = asked;
  let target = targetIn(request);
  const note = async (outcome: string) => {
    if (route.deed === null) return;
    await parts.audit.note({ by, address: request.ip, action: route.deed, target, outcome });
  };
  let value: unknown;
  try {
    if (route.needs !== 'nobody' && !isRoleEnough(by?.role ?? 'viewer', route.needs)) {
      throw new ProtocolError('forbidden', `This needs the role "${route.needs}"; yours is "${by?.role}".`);
    }
    value = await route.handle({
      params: route.params?.parse(request.params),
      query: route.query?.parse(request.query),
      body: route.body?.parse(request.body ?? undefined),
      principal: by,
      request,
      reply,
      concerns: (named) => {
        target = named;
      },
    });
  } catch (error) {
    const code = codeOf(error);
    // Guesses that are turned away unseen would let anybody fill the log.
    if (code !== 'rate-limited') await note(code);
    throw error;
  }
  await note('done');
  reply.code(route.status ?? 200);
  if (typeof route.answer === 'string') return reply.type(route.answer).send(value);
  const answered = route.answer.safeParse(value);
  // Not the asker's fault, as a ZodError would say.
  if (!answered.success)
    throw new Error(`${route.method} ${route.path} answers something else than it declares`, { cause: answered.error });
  return answered.data;
}

/** What the path names: ids that the coordinator made, and names of operators. */
function targetIn({ params }: FastifyRequest): string | null {
  const named = Object.values((params ?? {}) as Record<string, string>);
  return named.length > 0 ? named.join(' ') : null;
}

/** CSRF: a page of another origin can send neither of these by itself. */
function guardMutations(request: FastifyRequest, origins: Origins): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const { origin, host, 'sec-fetch-site': site, 'x-perfit-csrf': token } = request.headers;
  const isSameSite = site === undefined || site === 'same-origin' || site === 'none';
  if (!token || !isSameSite || !origins.allowsOwn(origin, host)) {
    throw new ProtocolError('forbidden', 'The request does not come from the operator page.');
  }
}
