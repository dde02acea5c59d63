import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKeys } from '../access/api-keys.ts';
import type { Principal } from '../access/principal.ts';
import type { Sessions } from '../access/sessions.ts';
import { sessionTokenOf } from './session-cookie.ts';

export interface AuthenticationParts {
  readonly sessions: Sessions;
  readonly keys: ApiKeys;
}

/** Whoever asks: a key in `Authorization: Bearer` counts before a cookie. @returns null for a stranger */
export async function principalOf(
  headers: IncomingHttpHeaders,
  { sessions, keys }: AuthenticationParts,
): Promise<Principal | null> {
  const { authorization, cookie } = headers;
  if (authorization !== undefined) {
    const presented = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    return presented === undefined ? null : keys.principal(presented);
  }
  const token = sessionTokenOf(cookie);
  return token === undefined ? null : sessions.principal(token);
}
