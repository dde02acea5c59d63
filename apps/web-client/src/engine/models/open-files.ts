import {
  type CachedSource,
  cachedSource,
  folderSource,
  hubSource,
  type ListedSource,
  type ModelManifest,
  type ModelSource,
  mirrorSource,
  modelFolder,
  type RetryOptions,
  WeightsError,
} from '@perfit/core';
import type { ModelOrigin } from '../../contract/models-api.ts';
import { nameOfOrigin } from '../../contract/name-of-origin.ts';
import { type CachedModel, cachedModels, rememberModel } from './cached-models.ts';
import { acrossTabs, opfsParts } from './opfs-parts.ts';

/** A model's files, read through what this browser keeps of them. */
export interface ModelFiles {
  readonly key: string;
  readonly name: string;
  readonly revision: string;
  /** Whether name and revision are the Hub's. */
  readonly isOnHub: boolean;
  /** As a Hugging Face folder, also where it is a GGUF file. */
  readonly source: ModelSource;
  /** The files themselves. */
  readonly kept: CachedSource;
}

export interface OpenFilesOptions extends Pick<RetryOptions, 'signal' | 'observe'> {
  /** Called with the bytes of every part that did not come from this browser. */
  readonly onFetch?: (bytes: number) => void;
}

/**
 * Opens the files of a model. Where the origin cannot be reached, what is kept of the model is read alone.
 * @throws WeightsError
 */
export async function openFiles(origin: ModelOrigin, { onFetch, ...asked }: OpenFilesOptions): Promise<ModelFiles> {
  const name = nameOfOrigin(origin);
  const known = await lastCached(origin);
  // Who has the model waits no longer than it takes to hear that nobody answers.
  const listed = sourceOf(origin, { ...asked, ...(known ? { attempts: 1 } : {}) });
  const reached = await manifestOf(listed);
  const kept = reached ? null : known;
  if (!reached && !kept) {
    const message = `${name} cannot be reached, and this browser does not keep it. Check the connection and try again`;
    throw new WeightsError('weights-unreachable', message);
  }
  const manifest = reached ?? (kept as CachedModel).manifest;
  const key = kept?.key ?? keyOf(origin, manifest);
  await rememberModel({ key, name, origin: origin.kind, manifest, usedAt: Date.now() }).catch(() => {
    // A browser that keeps nothing can still load: it says so when it comes to the parts.
  });
  const options = { key, store: opfsParts, withLock: acrossTabs, ...(onFetch ? { onFetch } : {}) };
  const files = cachedSource(reached ? sourceOf(pinned(origin, manifest), asked) : null, manifest, options);
  const isOnHub = origin.kind === 'hub';
  return { key, name, revision: manifest.revision, isOnHub, source: modelFolder(files), kept: files };
}

/** A model of this page's coordinator, by the path that a federation gives it. */
export function mirrored(modelPath: string): ModelOrigin {
  return { kind: 'mirror', id: modelPath.split('/').filter(Boolean).at(-1) ?? modelPath };
}

/** The files of a model of this page's coordinator. */
export function mirrorOf(id: string, options?: RetryOptions): ListedSource {
  return mirrorSource(new URL(`/models/${encodeURIComponent(id)}/`, location.origin).href, options);
}

/** A branch may move on between the list of files and the files. */
function pinned(origin: ModelOrigin, { revision }: ModelManifest): ModelOrigin {
  return origin.kind === 'hub' ? { ...origin, revision } : origin;
}

function sourceOf(origin: ModelOrigin, options: RetryOptions): ListedSource {
  switch (origin.kind) {
    case 'mirror':
      return mirrorOf(origin.id, options);
    case 'hub': {
      const { repository, revision, token } = origin;
      return hubSource({ repository, ...(revision ? { revision } : {}), ...(token ? { token } : {}), ...options });
    }
    case 'files':
      return folderSource(origin.files);
  }
}

/** @returns null where the origin cannot be reached */
async function manifestOf(source: ListedSource): Promise<ModelManifest | null> {
  try {
    return await source.manifest();
  } catch (error) {
    if (error instanceof WeightsError && error.code === 'weights-unreachable') return null;
    throw error;
  }
}

function keyOf(origin: ModelOrigin, { revision }: ModelManifest): string {
  // The mirror's folder may change; of the others every revision is a model of its own.
  return origin.kind === 'mirror' ? `mirror:${origin.id}` : `${origin.kind}:${nameOfOrigin(origin)}@${revision}`;
}

async function lastCached(origin: ModelOrigin): Promise<CachedModel | null> {
  const models = (await cachedModels()).filter(
    (model) =>
      model.origin === origin.kind &&
      model.name === nameOfOrigin(origin) &&
      (origin.kind !== 'hub' || !origin.revision || model.manifest.revision.startsWith(origin.revision)),
  );
  return models.sort((a, b) => b.usedAt - a.usedAt)[0] ?? null;
}
