import { queryOptions } from '@tanstack/react-query';
import type { BackendChoice } from '../../contract/device-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';

/** What this device would need for the catalogue's models. */
export function catalogueQuery(backend: BackendChoice) {
  return queryOptions({
    queryKey: ['catalogue', backend],
    queryFn: async () => unwrap(await engine().catalogue({ backend })),
    // What runs may be another one by the time the page comes back.
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** The same for a model on the coordinator. */
export function mirroredNeedsQuery(id: string) {
  return queryOptions({
    queryKey: ['needs', id],
    queryFn: async () => unwrap(await engine().assess({ mirrored: id })),
    staleTime: 60_000,
    retry: false,
  });
}

/** What this browser keeps. */
export const storageQuery = queryOptions({
  queryKey: ['model-storage'],
  queryFn: async () => unwrap(await engine().modelStorage()),
  retry: false,
});
