import { type FederationSummary, federationSummarySchema } from '@perfit/protocol';
import { queryOptions } from '@tanstack/react-query';
import { z } from 'zod';
import { request } from './request.ts';

const listSchema = z.array(federationSummarySchema);

/** The federations that anybody may see. */
export const federationsQuery = queryOptions({
  queryKey: ['federations'],
  queryFn: ({ signal }): Promise<FederationSummary[]> => request('/api/federations', listSchema, { signal }),
  refetchInterval: 10_000,
});

/** What a person should know of one federation before joining. */
export function federationQuery(id: string) {
  return queryOptions({
    queryKey: ['federations', id],
    queryFn: ({ signal }): Promise<FederationSummary> =>
      request(`/api/federations/${encodeURIComponent(id)}`, federationSummarySchema, { signal }),
  });
}
