import { z } from 'zod';
import { budgetSchema, challengeSchema, helloSchema, proveSchema, readySchema, welcomeSchema } from './handshake.ts';
import {
  announceReplySchema,
  announceSchema,
  chunkReplySchema,
  chunkSchema,
  completeSchema,
  concludeSchema,
  downloadReplySchema,
  downloadSchema,
  federationStatusSchema,
  progressSchema,
  receiptSchema,
  roundClosedSchema,
  roundOfferSchema,
} from './round.ts';

const nothing = z.object({});

/** Socket.IO events that a client sends and the server answers with a Reply of the second schema. */
export const requests = {
  hello: { request: helloSchema, value: challengeSchema },
  prove: { request: proveSchema, value: welcomeSchema },
  ready: { request: readySchema, value: budgetSchema },
  announce: { request: announceSchema, value: announceReplySchema },
  chunk: { request: chunkSchema, value: chunkReplySchema },
  complete: { request: completeSchema, value: receiptSchema },
  download: { request: downloadSchema, value: downloadReplySchema },
  conclude: { request: concludeSchema, value: nothing },
  leave: { request: nothing, value: nothing },
} as const;
export type RequestName = keyof typeof requests;
export type RequestOf<K extends RequestName> = z.infer<(typeof requests)[K]['request']>;
export type ValueOf<K extends RequestName> = z.infer<(typeof requests)[K]['value']>;

/** Socket.IO events that a client sends and nobody answers. */
export const notices = { progress: progressSchema } as const;

/**
 * Socket.IO events that the server sends. After `replaced` (the key came back elsewhere) and
 * `removed` (an operator sent the client away) it closes the socket, and the client stays away (HS3).
 */
export const announcements = {
  offer: roundOfferSchema,
  closed: roundClosedSchema,
  status: federationStatusSchema,
  replaced: nothing,
  removed: nothing,
} as const;
export type AnnouncementName = keyof typeof announcements;
export type AnnouncementOf<K extends AnnouncementName> = z.infer<(typeof announcements)[K]>;

/** [HS2] What a client signs: bound to this protocol, federation and connection. */
export function signedText(federation: string, nonce: string): string {
  return `perfit/1 join ${federation} ${nonce}`;
}
