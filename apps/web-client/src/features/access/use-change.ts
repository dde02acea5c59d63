import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ACCESS } from './access-api.ts';

/** A change of who may do what: afterwards everything that is shown of it is asked for anew. */
export function useChange<Given, Answer>(change: (given: Given) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => queries.invalidateQueries({ queryKey: ACCESS }),
  });
}
