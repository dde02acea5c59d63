import { displayNameSchema } from '@perfit/protocol';
import { z } from 'zod';

/** What a session shows, one at a time. */
export const joinViews = ['result', 'chat', 'export', 'ledger', 'settings'] as const;
export type JoinView = (typeof joinViews)[number];

/** What the address of /join/:federation may say; what is malformed counts as not said. */
export const joinSearchSchema = z.object({
  invite: z.string().max(200).optional().catch(undefined),
  name: displayNameSchema.optional().catch(undefined),
  backend: z.enum(['auto', 'webgpu', 'wasm']).optional().catch(undefined),
  threads: z
    .string()
    .regex(/^[1-9]\d?$/)
    .optional()
    .catch(undefined),
  /** Whether to compare with tuning alone. */
  compare: z.enum(['yes', 'no']).optional().catch(undefined),
  /** A further participant in the same browser. */
  as: z
    .string()
    .regex(/^[a-z0-9-]{1,20}$/)
    .optional()
    .catch(undefined),
  /** Of a session; the result where absent. */
  view: z.enum(joinViews).optional().catch(undefined),
});
export type JoinSearch = z.infer<typeof joinSearchSchema>;
