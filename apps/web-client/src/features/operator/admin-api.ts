import type { EventView, FederationDetail } from '@perfit/protocol';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { admin } from '../../shared/api/admin.ts';
import { engine, handedOver, unwrap } from '../../shared/api/engine-client.ts';
import { requestText } from '../../shared/api/request.ts';

export const operatorQuery = queryOptions({
  queryKey: ['operator', 'session'],
  queryFn: ({ signal }) => admin.session({ signal }),
  retry: false,
});

export const adminFederationsQuery = queryOptions({
  queryKey: ['operator', 'federations'],
  queryFn: ({ signal }) => admin.federations({ signal }),
  refetchInterval: 5_000,
});

/** The folders of the coordinator's models directory, those that cannot be used included. */
export const modelsQuery = queryOptions({
  queryKey: ['operator', 'models'],
  queryFn: ({ signal }) => admin.models({ signal }),
  // A folder that is being copied is whole at some time.
  refetchInterval: 5_000,
});

export function detailQuery(id: string) {
  return queryOptions({
    queryKey: ['operator', 'federations', id],
    queryFn: ({ signal }) => admin.detail(id, { signal }),
  });
}

/** @param masks how many have come: with another one it is asked for anew */
export function atlasQuery(id: string, masks: number) {
  return queryOptions({
    queryKey: ['operator', 'federations', id, 'atlas', masks],
    queryFn: ({ signal }) => admin.atlas(id, { signal }),
    placeholderData: keepPreviousData,
  });
}

/** @param clients how many have come in: with another one the uses have changed */
export function invitesQuery(id: string, clients: number) {
  return queryOptions({
    queryKey: ['operator', 'federations', id, 'invites', clients],
    queryFn: ({ signal }) => admin.invites(id, { signal }),
    placeholderData: keepPreviousData,
  });
}

/** [PF9] θ_g after a committed round as the files of a PEFT adapter. */
export async function peftFiles({ id, config, modelPath }: FederationDetail, round: number): Promise<readonly File[]> {
  const [modelConfig, theta] = await Promise.all([requestText(`${modelPath}config.json`), admin.theta(id, round)]);
  return unwrap(await engine().globalAdapter(handedOver({ config, modelConfig, theta }, theta)));
}

const EVENTS_A_PAGE = 1000;

/** The whole log, oldest first, page after page. */
export async function allEvents(id: string): Promise<EventView[]> {
  const all: EventView[] = [];
  for (;;) {
    const page = await admin.events(id, { after: all.at(-1)?.sequence ?? 0, limit: EVENTS_A_PAGE });
    all.push(...page);
    if (page.length < EVENTS_A_PAGE) return all;
  }
}
