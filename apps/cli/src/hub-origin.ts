import { resolve } from 'node:path';
import { modelName } from '@perfit/core/node';

/** What a model is loaded from elsewhere. */
export interface BaseModelName {
  readonly baseModel: string;
  /** The Hub's commit; null where nobody knows it. */
  readonly revision: string | null;
}

const IN_HUB_CACHE = /[/\\]models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})(?:[/\\][^/\\]+\.gguf)?$/i;

/** The repository and commit of a folder or GGUF file in the Hub's own cache on disk; elsewhere, what it is called. */
export function baseModelName(folder: string): BaseModelName {
  const [, owner, repository, revision] = IN_HUB_CACHE.exec(resolve(folder)) ?? [];
  if (!owner || !repository || !revision) return { baseModel: modelName(folder), revision: null };
  return { baseModel: `${owner}/${repository}`, revision };
}
