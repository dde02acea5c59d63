import { basename, resolve } from 'node:path';

/** What a model is loaded from elsewhere. */
export interface BaseModelName {
  readonly baseModel: string;
  /** The Hub's commit; null where nobody knows it. */
  readonly revision: string | null;
}

const IN_HUB_CACHE = /[/\\]models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})$/;

/** The repository and commit of a folder in the Hub's own cache on disk; elsewhere, what the folder is called. */
export function baseModelName(folder: string): BaseModelName {
  const [, owner, repository, revision] = IN_HUB_CACHE.exec(resolve(folder)) ?? [];
  if (!owner || !repository || !revision) return { baseModel: basename(resolve(folder)), revision: null };
  return { baseModel: `${owner}/${repository}`, revision };
}
