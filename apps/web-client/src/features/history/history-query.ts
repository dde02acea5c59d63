import { queryOptions } from '@tanstack/react-query';
import { engine, unwrap } from '../../shared/api/engine-client.ts';

/** What this browser remembers; other tabs change it, so that it is read at every look. */
export const historyQuery = queryOptions({
  queryKey: ['history'],
  queryFn: async () => unwrap(await engine().history()),
  staleTime: 0,
  gcTime: 0,
  retry: false,
});
