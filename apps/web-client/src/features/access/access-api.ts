import {
  apiKeyCreatedSchema,
  apiKeyViewSchema,
  auditPageSchema,
  type OperatorRole,
  operatorAccountSchema,
  operatorCreatedSchema,
  sessionListSchema,
  sessionSchema,
} from '@perfit/protocol';
import { queryOptions } from '@tanstack/react-query';
import { z } from 'zod';
import { request } from '../../shared/api/request.ts';

const nothing = z.unknown();

/** All of this feature's questions: what changes one may change the others, the log above all. */
export const ACCESS = ['operator', 'access'] as const;

export const sessionsQuery = queryOptions({
  queryKey: [...ACCESS, 'sessions'],
  queryFn: ({ signal }) => request('/api/admin/sessions', sessionListSchema, { signal }),
});

export const operatorsQuery = queryOptions({
  queryKey: [...ACCESS, 'operators'],
  queryFn: ({ signal }) => request('/api/admin/operators', z.array(operatorAccountSchema), { signal }),
});

export const keysQuery = queryOptions({
  queryKey: [...ACCESS, 'keys'],
  queryFn: ({ signal }) => request('/api/admin/keys', z.array(apiKeyViewSchema), { signal }),
});

/** @param before a sequence number; null is the newest page @param kind of deeds, with its dot; empty is all */
export function auditQuery(before: number | null, kind: string) {
  const search = new URLSearchParams({ limit: '25' });
  if (before !== null) search.set('before', String(before));
  if (kind !== '') search.set('action', kind);
  return queryOptions({
    queryKey: [...ACCESS, 'audit', before, kind],
    queryFn: ({ signal }) => request(`/api/admin/audit?${search}`, auditPageSchema, { signal }),
  });
}

export async function endSession(id: string): Promise<void> {
  await request(`/api/admin/sessions/${encodeURIComponent(id)}`, nothing, { method: 'DELETE' });
}

export function changePassword(current: string, next: string) {
  return request('/api/admin/password', sessionSchema, { method: 'POST', body: { current, next } });
}

/** @returns with the password that was made up, told this once */
export function addOperator(name: string, role: OperatorRole) {
  return request('/api/admin/operators', operatorCreatedSchema, { method: 'POST', body: { name, role } });
}

export async function changeRole(name: string, role: OperatorRole): Promise<void> {
  await request(pathOf(name), nothing, { method: 'PATCH', body: { role } });
}

export async function removeOperator(name: string): Promise<void> {
  await request(pathOf(name), nothing, { method: 'DELETE' });
}

/** @returns with the key itself, told this once */
export function addKey(key: { label: string; role: OperatorRole; expiresInDays: number | null }) {
  return request('/api/admin/keys', apiKeyCreatedSchema, { method: 'POST', body: key });
}

export async function revokeKey(id: string): Promise<void> {
  await request(`/api/admin/keys/${encodeURIComponent(id)}`, nothing, { method: 'DELETE' });
}

function pathOf(operator: string): string {
  return `/api/admin/operators/${encodeURIComponent(operator)}`;
}
