import {
  type FederationConfigInput,
  type FederationDetail,
  type FederationSummary,
  federationDetailSchema,
  federationSummarySchema,
  maskAtlasSchema,
  type OperatorAction,
  operatorModelSchema,
  sessionSchema,
} from '@perfit/protocol';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { z } from 'zod';
import { request } from '../../shared/coordinator/request.ts';

const nothing = z.unknown();
const createdSchema = z.object({ id: z.string() });
const modelsSchema = z.array(operatorModelSchema);

export const operatorQuery = queryOptions({
  queryKey: ['operator', 'session'],
  queryFn: ({ signal }) => request('/api/admin/session', sessionSchema, { signal }),
  retry: false,
});

export const adminFederationsQuery = queryOptions({
  queryKey: ['operator', 'federations'],
  queryFn: ({ signal }): Promise<FederationSummary[]> =>
    request('/api/admin/federations', z.array(federationSummarySchema), { signal }),
  refetchInterval: 5_000,
});

/** The folders of the coordinator's models directory, those that cannot be used included. */
export const modelsQuery = queryOptions({
  queryKey: ['operator', 'models'],
  queryFn: ({ signal }) => request('/api/admin/models', modelsSchema, { signal }),
  // A folder that is being copied is whole at some time.
  refetchInterval: 5_000,
});

export function detailQuery(id: string) {
  return queryOptions({
    queryKey: ['operator', 'federations', id],
    queryFn: ({ signal }): Promise<FederationDetail> => request(pathOf(id), federationDetailSchema, { signal }),
  });
}

/** @param masks how many have come: with another one it is asked for anew */
export function atlasQuery(id: string, masks: number) {
  return queryOptions({
    queryKey: ['operator', 'federations', id, 'atlas', masks],
    queryFn: ({ signal }) => request(`${pathOf(id)}/atlas`, maskAtlasSchema, { signal }),
    placeholderData: keepPreviousData,
  });
}

export async function login(name: string, password: string): Promise<void> {
  await request('/api/admin/login', nothing, { method: 'POST', body: { name, password } });
}

export async function logout(): Promise<void> {
  await request('/api/admin/logout', nothing, { method: 'POST' });
}

export async function createFederation(config: FederationConfigInput): Promise<string> {
  return (await request('/api/admin/federations', createdSchema, { method: 'POST', body: config })).id;
}

export async function act(id: string, action: OperatorAction): Promise<void> {
  await request(`${pathOf(id)}/actions`, nothing, { method: 'POST', body: { action } });
}

function pathOf(id: string): string {
  return `/api/admin/federations/${encodeURIComponent(id)}`;
}
