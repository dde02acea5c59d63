import { queryOptions } from '@tanstack/react-query';
import { admin } from '../../shared/api/admin.ts';

/** All of this feature's questions: what changes one may change the others, the log above all. */
export const ACCESS = ['operator', 'access'] as const;

export const sessionsQuery = queryOptions({
  queryKey: [...ACCESS, 'sessions'],
  queryFn: ({ signal }) => admin.sessions({ signal }),
});

export const operatorsQuery = queryOptions({
  queryKey: [...ACCESS, 'operators'],
  queryFn: ({ signal }) => admin.operators({ signal }),
});

export const keysQuery = queryOptions({
  queryKey: [...ACCESS, 'keys'],
  queryFn: ({ signal }) => admin.keys({ signal }),
});

/** @param before a sequence number; null is the newest page @param kind of deeds, with its dot; empty is all */
export function auditQuery(before: number | null, kind: string) {
  return queryOptions({
    queryKey: [...ACCESS, 'audit', before, kind],
    queryFn: ({ signal }) => admin.audit({ before, kind, limit: 25 }, { signal }),
  });
}
