import { ProtocolError } from '@perfit/protocol';
import type { ClientRow, FederationStore } from './store.ts';

/** What is stored of a client. @throws ProtocolError `not-joined` */
export async function clientRow(store: FederationStore, federation: string, client: string): Promise<ClientRow> {
  const row = await store.client(federation, client);
  if (!row) throw new ProtocolError('not-joined', 'This client has not joined.');
  return row;
}

/** [HS2] What is known of a client that has just joined: the rest comes with its first `ready`. */
export function newClientRow(
  of: Pick<ClientRow, 'federation' | 'id' | 'publicKey' | 'agent' | 'density'>,
  at: Date,
): ClientRow {
  return {
    ...of,
    name: `client ${of.id.slice(0, 6)}`,
    device: { backend: 'cpu', description: 'not known yet' },
    examples: { training: 1, heldOut: 1 },
    shareEvaluation: false,
    consent: null,
    conclusion: null,
    maskBlob: null,
    maskHash: null,
    maskBytes: null,
    maskKept: null,
    maskRound: null,
    bytesUp: 0,
    bytesDown: 0,
    joinedAt: at,
    lastSeen: at,
    removedAt: null,
    bannedAt: null,
    banReason: null,
  };
}
