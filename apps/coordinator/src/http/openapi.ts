import {
  errorBodySchema,
  errorCodes,
  federationSummarySchema,
  modelListSchema,
  modelManifestSchema,
  operatorRoles,
} from '@perfit/protocol';
import { z } from 'zod';
import type { AdminRoute } from './admin-route.ts';
import { type AdminParts, adminRoutes } from './admin-routes.ts';

type Described = Omit<AdminRoute, 'handle' | 'deed'>;

const byId = z.object({ id: z.string() });

/** What anybody may ask. */
const publicRoutes: readonly Described[] = [
  {
    method: 'GET',
    path: '/api/federations',
    needs: 'nobody',
    summary: 'All federations, as they are shown before one joins',
    answer: z.array(federationSummarySchema),
  },
  {
    method: 'GET',
    path: '/api/federations/:id',
    needs: 'nobody',
    summary: 'One federation',
    params: byId,
    answer: federationSummarySchema,
  },
  {
    method: 'GET',
    path: '/api/models',
    needs: 'nobody',
    summary: 'The base models that are mirrored here',
    answer: modelListSchema,
  },
  {
    method: 'GET',
    path: '/models/:id/manifest',
    needs: 'nobody',
    summary: 'The files of a base model, with their hashes',
    params: byId,
    answer: modelManifestSchema,
  },
];

/** The REST part as an OpenAPI 3.1 document, from the schemas that check requests and answers themselves. */
export function openApiDocument(): Record<string, unknown> {
  // Only described here: no handler is called.
  const operators = adminRoutes({} as AdminParts).map((route) => ({ ...route, path: `/api/admin${route.path}` }));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of [...publicRoutes, ...operators]) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'PerFIT coordinator',
      version: '1',
      description:
        'Whatever changes something with a session’s cookie also needs the header `x-perfit-csrf` (any value) and no foreign `Origin`; an API key needs neither.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: `An API key, with a role: ${operatorRoles.join(', ')}` },
        session: { type: 'apiKey', in: 'cookie', name: 'perfit_session' },
      },
      schemas: { Refusal: schemaOf(errorBodySchema, 'output') },
    },
  };
}

function operationOf(route: Described): Record<string, unknown> {
  const { method, path, needs, summary, params, query, body, answer, status = 200 } = route;
  const content =
    typeof answer === 'string'
      ? { [answer]: { schema: { type: 'string', ...(answer.startsWith('text/') ? {} : { format: 'binary' }) } } }
      : { 'application/json': { schema: schemaOf(answer, 'output') } };
  const isOptional = body?.safeParse(undefined).success === true;
  return {
    operationId: `${method.toLowerCase()}${path.replace(/^\/api|:/g, '').replace(/[^a-z]+(\w)/gi, (_, first: string) => first.toUpperCase())}`,
    summary,
    ...(needs === 'nobody' ? { security: [] } : { security: [{ key: [] }, { session: [] }], 'x-needs-role': needs }),
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    ...(body
      ? { requestBody: { required: !isOptional, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }
      : {}),
    responses: {
      [status]: { description: 'Done', content },
      default: {
        description: `A refusal: a code (${errorCodes.length} there are) and a sentence`,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
      },
    },
  };
}

function parametersOf(place: 'path' | 'query', schema: z.ZodType | undefined): Record<string, unknown>[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, object>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, described]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: described,
  }));
}

/** @param io what somebody sends, before defaults and transforms, or what is answered */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return described;
}
