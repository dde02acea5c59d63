import {
  type FederationCreated,
  federationActionSchema,
  federationConfigSchema,
  federationIdSchema,
  loginSchema,
  type OperatorModel,
  ProtocolError,
} from '@perfit/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { thetaToBytes } from '../blobs/theta-bytes.ts';
import type { Federations } from '../federations/federations.ts';
import type { Views } from '../federations/views.ts';
import type { ModelCatalogue } from '../models/model-catalogue.ts';
import type { OperatorAccounts, Session } from '../operator/operator-accounts.ts';
import type { Origins } from './origins.ts';
import { clearSessionCookie, sessionTokenOf, setSessionCookie } from './session-cookie.ts';

export interface AdminParts {
  readonly accounts: OperatorAccounts;
  readonly federations: Federations;
  readonly views: Views;
  readonly models: ModelCatalogue;
  readonly origins: Origins;
  joinUrl(federation: string, invite: string | null): string;
}

const byId = z.object({ id: federationIdSchema });
/** Creation takes a configuration and, beside it, an id of the operator's choice. */
const wantedIdSchema = z.object({ id: federationIdSchema.optional() });
const versionSchema = z.object({ version: z.coerce.number().int().nonnegative().optional() });

/** /api/admin/*: the operator's API. Denied by default: every route but the login asks for a session. */
export async function addAdminRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  await app.register(
    async (admin) => {
      admin.addHook('onRequest', async (request) => guardMutations(request, parts.origins));
      admin.addHook('onSend', async (_request, reply) => {
        reply.header('cache-control', 'no-store');
      });
      admin.post('/login', async (request, reply) => {
        const { name, password } = loginSchema.parse(request.body);
        const issued = await parts.accounts.login(name, password, request.ip);
        setSessionCookie(request, reply, issued);
        return sessionView(issued.session);
      });
      await admin.register(async (guarded) => addGuardedRoutes(guarded, parts));
      // Also what does not exist is not told to strangers.
      admin.setNotFoundHandler({ preHandler: requireSession(parts.accounts) }, () => {
        throw new ProtocolError('not-found', 'There is nothing at this address.');
      });
    },
    { prefix: '/api/admin' },
  );
}

function addGuardedRoutes(app: FastifyInstance, { accounts, federations, views, models, joinUrl }: AdminParts): void {
  app.addHook('onRequest', requireSession(accounts));

  app.get('/session', async (request) => sessionView(await mustHaveSession(accounts, request)));

  app.post('/logout', async (_request, reply) => {
    clearSessionCookie(reply);
    return {};
  });

  app.get('/models', async () =>
    Promise.all(
      (await models.list()).map(async (id): Promise<OperatorModel> => {
        const [bytes, problem] = await Promise.all([models.bytes(id), models.problem(id)]);
        return { id, bytes, problem };
      }),
    ),
  );

  app.get('/federations', async () => Promise.all(federations.all().map((room) => views.summary(room))));

  app.post('/federations', async (request, reply): Promise<FederationCreated> => {
    const { id } = wantedIdSchema.parse(request.body);
    const { room, invite } = await federations.create(federationConfigSchema.parse(request.body), id);
    reply.code(201);
    return { id: room.id, joinUrl: joinUrl(room.id, invite), invite };
  });

  app.get('/federations/:id', async (request) => views.detail(federations.get(byId.parse(request.params).id)));

  app.get('/federations/:id/atlas', async (request) => views.atlas(federations.get(byId.parse(request.params).id)));

  app.post('/federations/:id/actions', async (request) => {
    const { id } = byId.parse(request.params);
    await federations.act(id, federationActionSchema.parse(request.body).action);
    return views.detail(federations.get(id));
  });

  app.post('/federations/:id/invites', async (request, reply) => {
    const { id } = byId.parse(request.params);
    const code = await federations.addInvite(id);
    reply.code(201);
    return { code, joinUrl: joinUrl(id, code) };
  });

  /** theta_g as float32, little-endian, in layout order. */
  app.get('/federations/:id/theta', async (request, reply) => {
    const room = federations.get(byId.parse(request.params).id);
    const { version = room.status.version } = versionSchema.parse(request.query);
    const bytes = thetaToBytes(await room.theta(version));
    const name = `${room.id}-v${version}.f32`;
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(Buffer.from(bytes));
  });
}

function requireSession(accounts: OperatorAccounts) {
  return async (request: FastifyRequest): Promise<void> => {
    await mustHaveSession(accounts, request);
  };
}

async function mustHaveSession(accounts: OperatorAccounts, request: FastifyRequest): Promise<Session> {
  const session = await accounts.session(sessionTokenOf(request.headers.cookie));
  if (!session) throw new ProtocolError('login-required', 'Please sign in as an operator first.');
  return session;
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

function sessionView({ name, expiresAt }: Session) {
  return { name, expiresAt: expiresAt.toISOString() };
}
