import { type ModelList, modelListSchema } from '@perfit/protocol';
import { queryOptions } from '@tanstack/react-query';
import { request } from './request.ts';

/** The models that this coordinator mirrors. */
export const modelListQuery = queryOptions({
  queryKey: ['models'],
  queryFn: ({ signal }): Promise<ModelList> => request('/api/models', modelListSchema, { signal }),
});
