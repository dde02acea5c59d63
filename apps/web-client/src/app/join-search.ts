import { displayNameSchema } from '@perfit/protocol';
import { z } from 'zod';

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
});
export type JoinSearch = z.infer<typeof joinSearchSchema>;
