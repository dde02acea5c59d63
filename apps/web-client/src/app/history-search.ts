import { joinSearchSchema } from './join-search.ts';

/** What the address of /history/:federation may say; what is malformed counts as not said. */
export const historySearchSchema = joinSearchSchema.pick({ as: true });
