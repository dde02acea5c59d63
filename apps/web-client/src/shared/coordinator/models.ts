import { type ModelList, modelListSchema } from '@perfit/protocol';
import { queryOptions } from '@tanstack/react-query';
import { FailureError } from '../failure/failure.ts';
import { request } from './request.ts';

/** The models that this coordinator mirrors. */
export const modelListQuery = queryOptions({
  queryKey: ['models'],
  queryFn: ({ signal }): Promise<ModelList> => request('/api/models', modelListSchema, { signal }),
});

/** The text of a mirrored model's config.json. @throws FailureError */
export async function fetchModelConfig(id: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`/models/${encodeURIComponent(id)}/config.json`, { signal });
  if (response.ok) return response.text();
  throw new FailureError({
    code: 'weights-missing-file',
    message: `The coordinator answered ${response.status} for the config.json of ${id}.`,
  });
}
