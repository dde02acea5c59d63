import type { z } from 'zod';
import { type errorBodySchema, ProtocolError } from '../errors.ts';

/** Every request is answered with one of these. */
export type Reply<T> = { ok: true; value: T } | { ok: false; error: z.infer<typeof errorBodySchema> };

/** Parses what a peer sent. @throws ProtocolError `bad-message`, naming the first field that is wrong. */
export function parseMessage<T extends z.ZodType>(schema: T, message: unknown, what: string): z.infer<T> {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.length ? ` at ${issue.path.join('.')}` : '';
  throw new ProtocolError('bad-message', `The message "${what}" is malformed${where}: ${issue?.message ?? 'unknown'}.`);
}
