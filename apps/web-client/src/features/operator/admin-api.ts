import {
  type ClientAction,
  type EventView,
  eventViewSchema,
  type FederationConfigInput,
  type FederationDetail,
  type FederationSummary,
  federationDetailSchema,
  federationSummarySchema,
  type InviteView,
  inviteViewSchema,
  maskAtlasSchema,
  type NewInvite,
  type OperatorAction,
  operatorModelSchema,
  type RoundAction,
  sessionSchema,
} from '@perfit/protocol';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { z } from 'zod';
import { request, requestBytes, requestText } from '../../shared/coordinator/request.ts';
import { engine, handedOver, unwrap } from '../../shared/engine-client/engine-client.ts';

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

export async function actOnRound(id: string, round: number, action: RoundAction): Promise<void> {
  await request(`${pathOf(id)}/rounds/${round}/actions`, nothing, { method: 'POST', body: { action } });
}

export async function actOnClient(id: string, client: string, action: ClientAction): Promise<void> {
  const path = `${pathOf(id)}/clients/${encodeURIComponent(client)}/actions`;
  await request(path, nothing, { method: 'POST', body: { action } });
}

/** @param clients how many have come in: with another one the uses have changed */
export function invitesQuery(id: string, clients: number) {
  return queryOptions({
    queryKey: ['operator', 'federations', id, 'invites', clients],
    queryFn: ({ signal }) => request(`${pathOf(id)}/invites`, z.array(inviteViewSchema), { signal }),
    placeholderData: keepPreviousData,
  });
}

export async function addInvite(id: string, invite: NewInvite): Promise<InviteView> {
  return request(`${pathOf(id)}/invites`, inviteViewSchema, { method: 'POST', body: invite });
}

export async function revokeInvite(id: string, invite: string): Promise<void> {
  await request(`${pathOf(id)}/invites/${encodeURIComponent(invite)}`, nothing, { method: 'DELETE' });
}

export function csvPath(id: string): string {
  return `${pathOf(id)}/results.csv`;
}

/** [PF9] θ_g after a committed round as the files of a PEFT adapter. */
export async function peftFiles({ id, config, modelPath }: FederationDetail, round: number): Promise<readonly File[]> {
  const [modelConfig, theta] = await Promise.all([
    requestText(`${modelPath}config.json`),
    requestBytes(`${pathOf(id)}/theta?version=${round}`),
  ]);
  return unwrap(await engine().globalAdapter(handedOver({ config, modelConfig, theta }, theta)));
}

const EVENTS_A_PAGE = 1000;

/** The whole log, oldest first, page after page. */
export async function allEvents(id: string): Promise<EventView[]> {
  const all: EventView[] = [];
  for (;;) {
    const path = `${pathOf(id)}/events?after=${all.at(-1)?.sequence ?? 0}&limit=${EVENTS_A_PAGE}`;
    const page = await request(path, z.array(eventViewSchema));
    all.push(...page);
    if (page.length < EVENTS_A_PAGE) return all;
  }
}

function pathOf(id: string): string {
  return `/api/admin/federations/${encodeURIComponent(id)}`;
}
