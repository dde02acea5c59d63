import {
  apiKeyCreatedSchema,
  apiKeyViewSchema,
  auditPageSchema,
  auditQuerySchema,
  loginSchema,
  newApiKeySchema,
  newOperatorSchema,
  operatorAccountSchema,
  operatorChangeSchema,
  operatorCreatedSchema,
  ProtocolError,
  passwordChangeSchema,
  sessionListSchema,
  sessionSchema,
} from '@perfit/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiKeys } from '../access/api-keys.ts';
import type { AuditLog } from '../access/audit-log.ts';
import type { OperatorAccounts } from '../access/operator-accounts.ts';
import type { Principal } from '../access/principal.ts';
import type { Sessions } from '../access/sessions.ts';
import { type AdminRoute, adminRoute } from './admin-route.ts';
import { clearSessionCookie, setSessionCookie } from './session-cookie.ts';

export interface AccessParts {
  readonly accounts: OperatorAccounts;
  readonly sessions: Sessions;
  readonly keys: ApiKeys;
  readonly audit: AuditLog;
}

const nothing = z.object({});
const byName = z.object({ name: z.string().min(1).max(60) });
const byServerMadeId = z.object({ id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/) });

/** Who may use the API: logins, sessions, operators, keys, and the log of what was done. */
export function accessRoutes({ accounts, sessions, keys, audit }: AccessParts): AdminRoute[] {
  return [
    adminRoute({
      method: 'POST',
      path: '/login',
      needs: 'nobody',
      summary: 'Opens a session, as a cookie',
      deed: 'session.open',
      body: loginSchema,
      answer: sessionSchema,
      async handle({ body: { name, password }, request, reply, concerns }) {
        if (await accounts.exists(name)) concerns(name);
        const opened = await accounts.login(name, password, placeOf(request));
        setSessionCookie(request, reply, opened);
        return sessionView(opened.principal);
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/logout',
      needs: 'viewer',
      summary: 'Ends the session that asks',
      deed: 'session.close',
      answer: nothing,
      async handle({ principal, reply }) {
        const { kind, id } = known(principal);
        if (kind === 'operator') await sessions.end(id, known(principal));
        clearSessionCookie(reply);
        return {};
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/session',
      needs: 'viewer',
      summary: 'Who asks',
      deed: null,
      answer: sessionSchema,
      handle: async ({ principal }) => sessionView(known(principal)),
    }),
    adminRoute({
      method: 'POST',
      path: '/password',
      needs: 'viewer',
      summary: 'Changes one’s own password, ends all of one’s sessions and opens a new one',
      deed: 'operator.password',
      body: passwordChangeSchema,
      answer: sessionSchema,
      async handle({ body, principal, request, reply, concerns }) {
        const { name, kind } = known(principal);
        if (kind === 'key') throw new ProtocolError('forbidden', 'An API key has no password.');
        concerns(name);
        const opened = await accounts.changePassword(name, body, placeOf(request));
        setSessionCookie(request, reply, opened);
        return sessionView(opened.principal);
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/sessions',
      needs: 'viewer',
      summary: 'One’s own sessions; an admin sees everybody’s',
      deed: null,
      answer: sessionListSchema,
      handle: async ({ principal }) => sessions.list(known(principal)),
    }),
    adminRoute({
      method: 'DELETE',
      path: '/sessions/:id',
      needs: 'viewer',
      summary: 'Ends one of one’s own sessions; an admin ends any',
      deed: 'session.revoke',
      params: byServerMadeId,
      answer: nothing,
      async handle({ params, principal }) {
        await sessions.end(params.id, known(principal));
        return {};
      },
    }),
    adminRoute({
      method: 'DELETE',
      path: '/sessions',
      needs: 'viewer',
      summary: 'Ends all of one’s own sessions, this one too',
      deed: 'session.revoke-all',
      answer: nothing,
      async handle({ principal, reply }) {
        const { kind, name } = known(principal);
        if (kind === 'key') throw new ProtocolError('forbidden', 'An API key has no sessions.');
        await sessions.endAllOf(name);
        clearSessionCookie(reply);
        return {};
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/operators',
      needs: 'admin',
      summary: 'All operators',
      deed: null,
      answer: z.array(operatorAccountSchema),
      handle: () => accounts.list(),
    }),
    adminRoute({
      method: 'POST',
      path: '/operators',
      needs: 'admin',
      summary: 'Adds an operator; without a password one is made up and told once',
      deed: 'operator.add',
      body: newOperatorSchema,
      answer: operatorCreatedSchema,
      status: 201,
      async handle({ body, concerns }) {
        concerns(body.name);
        return accounts.add(body);
      },
    }),
    adminRoute({
      method: 'PATCH',
      path: '/operators/:name',
      needs: 'admin',
      summary: 'Gives an operator another role or password, and ends its sessions',
      deed: 'operator.change',
      params: byName,
      body: operatorChangeSchema,
      answer: operatorAccountSchema,
      handle: async ({ params, body }) => accounts.change(params.name, body),
    }),
    adminRoute({
      method: 'DELETE',
      path: '/operators/:name',
      needs: 'admin',
      summary: 'Removes an operator with its sessions, and revokes the keys that it made',
      deed: 'operator.remove',
      params: byName,
      answer: nothing,
      async handle({ params }) {
        await accounts.remove(params.name);
        return {};
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/keys',
      needs: 'admin',
      summary: 'All API keys, without what makes them keys',
      deed: null,
      answer: z.array(apiKeyViewSchema),
      handle: () => keys.list(),
    }),
    adminRoute({
      method: 'POST',
      path: '/keys',
      needs: 'admin',
      summary: 'Makes an API key, which is told this once',
      deed: 'key.add',
      body: newApiKeySchema,
      answer: apiKeyCreatedSchema,
      status: 201,
      async handle({ body, principal, concerns }) {
        const { view, key } = await keys.add({ ...body, createdBy: known(principal).name });
        concerns(view.id);
        return { ...view, key };
      },
    }),
    adminRoute({
      method: 'DELETE',
      path: '/keys/:id',
      needs: 'admin',
      summary: 'Revokes an API key',
      deed: 'key.revoke',
      params: byServerMadeId,
      answer: nothing,
      async handle({ params }) {
        await keys.revoke(params.id);
        return {};
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/audit',
      needs: 'admin',
      summary: 'What was done, newest first',
      deed: null,
      query: auditQuerySchema,
      answer: auditPageSchema,
      handle: async ({ query }) => audit.page(query),
    }),
  ];
}

function placeOf(request: FastifyRequest): { address: string; agent: string } {
  return { address: request.ip, agent: request.headers['user-agent'] ?? '' };
}

/** Whoever needs a role has been asked who they are. */
function known(principal: Principal | null): Principal {
  if (!principal) throw new ProtocolError('login-required', 'Please sign in as an operator first.');
  return principal;
}

function sessionView({ kind, name, role, id, expiresAt }: Principal) {
  return { name, role, id: kind === 'operator' ? id : null, expiresAt: expiresAt?.toISOString() ?? null };
}
