import { thetaToBytes } from '@perfit/federation/coordinator';
import {
  byFederationSchema,
  clientActionSchema,
  eventQuerySchema,
  eventViewSchema,
  federationActionSchema,
  federationConfigSchema,
  federationCreatedSchema,
  federationDetailSchema,
  federationIdSchema,
  federationSummarySchema,
  inviteCreatedSchema,
  inviteViewSchema,
  maskAtlasSchema,
  newInviteSchema,
  operatorModelSchema,
  ProtocolError,
  roundActionSchema,
} from '@perfit/protocol';
import { z } from 'zod';
import type { Federations } from '../federations/federations.ts';
import { resultRows, resultsAsCsv } from '../federations/results.ts';
import type { Views } from '../federations/views.ts';
import type { ModelCatalogue } from '../models/model-catalogue.ts';
import { type AdminRoute, adminRoute } from './admin-route.ts';

export interface FederationRouteParts {
  readonly federations: Federations;
  readonly views: Views;
  readonly models: ModelCatalogue;
  joinUrl(federation: string, invite: string | null): string;
}

/** Creation takes a configuration and, beside it, an id of the operator's choice. */
const creationSchema = federationConfigSchema.and(z.object({ id: federationIdSchema.optional() }));
const versionSchema = z.object({ version: z.coerce.number().int().nonnegative().optional() });
const byInvite = byFederationSchema.extend({ invite: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/) });
const byClient = byFederationSchema.extend({ client: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) });
const byRound = byFederationSchema.extend({ round: z.coerce.number().int().positive() });

/** Federations, what moves them, who may come in, and what came out. */
export function federationRoutes({ federations, views, models, joinUrl }: FederationRouteParts): AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/models',
      needs: 'viewer',
      summary: 'Base models on this machine',
      deed: null,
      answer: z.array(operatorModelSchema),
      handle: async () => {
        const offered = (await models.list()).map(async (id) => {
          const [bytes, problem, notes, recipe] = await Promise.all([
            models.bytes(id),
            models.problem(id),
            models.notes(id),
            models.recipe(id),
          ]);
          return { id, bytes, problem, notes, recipe };
        });
        const leftOut = await models.leftOut();
        return [
          ...(await Promise.all(offered)),
          ...leftOut.map(({ name, why }) => ({ id: name, bytes: 0, problem: why, notes: [], recipe: null })),
        ];
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/federations',
      needs: 'viewer',
      summary: 'All federations',
      deed: null,
      answer: z.array(federationSummarySchema),
      handle: () => Promise.all(federations.all().map((room) => views.summary(room))),
    }),
    adminRoute({
      method: 'POST',
      path: '/federations',
      needs: 'operator',
      summary: 'Makes a federation',
      deed: 'federation.create',
      body: creationSchema,
      answer: federationCreatedSchema,
      status: 201,
      async handle({ body: { id, ...config }, concerns }) {
        const { room, invite } = await federations.create(config, id);
        concerns(room.id);
        return { id: room.id, joinUrl: joinUrl(room.id, invite), invite };
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/federations/:id',
      needs: 'viewer',
      summary: 'Everything about one federation; a viewer is not shown its invites',
      deed: null,
      params: byFederationSchema,
      answer: federationDetailSchema,
      handle: async ({ params, principal }) => views.detail(federations.get(params.id), principal?.role ?? 'viewer'),
    }),
    adminRoute({
      method: 'GET',
      path: '/federations/:id/atlas',
      needs: 'viewer',
      summary: 'What the masks have in common, by groups of at least so many clients',
      deed: null,
      params: byFederationSchema,
      answer: maskAtlasSchema,
      handle: async ({ params }) => views.atlas(federations.get(params.id)),
    }),
    adminRoute({
      method: 'POST',
      path: '/federations/:id/actions',
      needs: 'operator',
      summary: 'Starts, pauses, resumes or stops a federation',
      deed: 'federation.act',
      params: byFederationSchema,
      body: federationActionSchema,
      answer: federationDetailSchema,
      async handle({ params: { id }, body: { action }, concerns }) {
        concerns(`${id} ${action}`);
        await federations.act(id, action);
        return views.detail(federations.get(id));
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/federations/:id/rounds/:round/actions',
      needs: 'operator',
      summary: 'Repeats the round in progress from its beginning, or skips it: θ_g stays as it is',
      deed: 'round.act',
      params: byRound,
      body: roundActionSchema,
      answer: federationDetailSchema,
      async handle({ params: { id, round }, body: { action }, concerns }) {
        concerns(`${id} round ${round} ${action}`);
        await federations.actOnRound(id, round, action);
        return views.detail(federations.get(id));
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/federations/:id/clients/:client/actions',
      needs: 'operator',
      summary: 'Removes a client, bans its key, or lifts the ban',
      deed: 'client.act',
      params: byClient,
      body: clientActionSchema,
      answer: federationDetailSchema,
      async handle({ params: { id, client }, body: { action, reason = null }, concerns }) {
        concerns(`${id} ${client} ${action}`);
        await federations.moderate(id, client, { action, reason });
        return views.detail(federations.get(id));
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/federations/:id/invites',
      needs: 'operator',
      summary: 'All invites of a federation, also those that let nobody in any more',
      deed: null,
      params: byFederationSchema,
      answer: z.array(inviteViewSchema),
      handle: async ({ params: { id } }) => views.invites(federations.get(id), (code) => joinUrl(id, code)),
    }),
    adminRoute({
      method: 'POST',
      path: '/federations/:id/invites',
      needs: 'operator',
      summary: 'Makes an invite',
      deed: 'invite.create',
      params: byFederationSchema,
      body: newInviteSchema.optional(),
      answer: inviteCreatedSchema,
      status: 201,
      async handle({ params: { id }, body, concerns }) {
        const row = await federations.addInvite(id, body ?? {});
        concerns(`${id} ${row.id}`);
        return views.invite(row, joinUrl(id, row.code));
      },
    }),
    adminRoute({
      method: 'DELETE',
      path: '/federations/:id/invites/:invite',
      needs: 'operator',
      summary: 'Revokes an invite; whoever has come in by it stays',
      deed: 'invite.revoke',
      params: byInvite,
      answer: z.object({}),
      async handle({ params: { id, invite } }) {
        if (!(await federations.revokeInvite(id, invite))) {
          throw new ProtocolError('not-found', `The federation has no invite "${invite}".`);
        }
        return {};
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/federations/:id/events',
      needs: 'viewer',
      summary: 'The log of a federation, page by page',
      deed: null,
      params: byFederationSchema,
      query: eventQuerySchema,
      answer: z.array(eventViewSchema),
      handle: async ({ params, query }) => views.events(federations.get(params.id), query),
    }),
    adminRoute({
      method: 'GET',
      path: '/federations/:id/results.csv',
      needs: 'viewer',
      summary: 'One line an accepted submission',
      deed: null,
      params: byFederationSchema,
      answer: 'text/csv',
      async handle({ params: { id }, reply }) {
        reply.header('content-disposition', `attachment; filename="${id}-results.csv"`);
        return resultsAsCsv(resultRows((await views.detail(federations.get(id), 'viewer')).rounds));
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/federations/:id/theta',
      needs: 'viewer',
      summary: 'θ_g of any committed version as float32, little-endian, in layout order',
      deed: null,
      params: byFederationSchema,
      query: versionSchema,
      answer: 'application/octet-stream',
      async handle({ params, query, reply }) {
        const room = federations.get(params.id);
        const { version = room.status.version } = query;
        if (version > room.status.version) {
          throw new ProtocolError('not-found', `There is no version ${version} of the adapter yet.`);
        }
        const bytes = thetaToBytes(await room.theta(version));
        reply.header('content-disposition', `attachment; filename="${room.id}-v${version}.f32"`);
        return Buffer.from(bytes);
      },
    }),
  ];
}
