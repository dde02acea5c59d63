import { joinSearchSchema } from './join-search.ts';

/** What the address of /models may say; what is malformed counts as not said. */
export const modelsSearchSchema = joinSearchSchema.pick({ backend: true });
