import { type ModelManifest, partCount } from '@perfit/core';
import type { ModelOrigin, ModelStorage, StoredModel } from '../../contract/models-api.ts';
import { database } from '../storage/database.ts';
import { cachedParts, opfsParts, removePart } from './opfs-parts.ts';

/** What this browser knows of a model whose parts it keeps. */
export interface CachedModel {
  readonly key: string;
  readonly name: string;
  readonly origin: ModelOrigin['kind'];
  readonly manifest: ModelManifest;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
}

/** None where the browser keeps nothing. */
export async function cachedModels(): Promise<CachedModel[]> {
  try {
    return await (await database()).getAll('models');
  } catch {
    return [];
  }
}

/** To be called before its parts are kept: what no model names is cleared away. */
export async function rememberModel(model: CachedModel): Promise<void> {
  await (await database()).put('models', model, model.key);
  // Asked for once there is something to lose; a browser that refuses may clear what is kept when space runs out.
  await navigator.storage?.persist?.().catch(() => false);
}

export async function modelStorage(): Promise<ModelStorage> {
  const [models, sizes, estimate] = await Promise.all([
    cachedModels(),
    cachedParts(),
    navigator.storage?.estimate?.().catch(() => null) ?? null,
  ]);
  const stored = await Promise.all(models.map((model) => describe(model, sizes)));
  return {
    models: stored.sort((a, b) => b.usedAt - a.usedAt),
    usage: estimate?.usage ?? null,
    quota: estimate?.quota ?? null,
  };
}

/** Frees what only this model keeps: a part that another one shares stays. */
export async function deleteModel(key: string): Promise<void> {
  const db = await database();
  const model = await db.get('models', key);
  if (!model) return;
  const hashes = await partHashes(model);
  await db.delete('models', key);
  await db.delete('modelParts', IDBKeyRange.bound(`${key}/`, `${key}/\uffff`));
  const others = new Set((await Promise.all((await cachedModels()).map(partHashes))).flat());
  await Promise.all(hashes.filter((hash) => !others.has(hash)).map(removePart));
}

/** Removes parts that no model names: what is left of a model that has changed, or of an interrupted deletion. */
export async function clearStrays(): Promise<void> {
  const named = new Set((await Promise.all((await cachedModels()).map(partHashes))).flat());
  const strays = [...(await cachedParts()).keys()].filter((hash) => !named.has(hash));
  await Promise.all(strays.map(removePart));
}

async function describe(model: CachedModel, sizes: ReadonlyMap<string, number>): Promise<StoredModel> {
  const { key, name, origin, manifest, usedAt } = model;
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const hashes = await partHashes(model);
  const storedBytes = hashes.reduce((sum, hash) => sum + (sizes.get(hash) ?? 0), 0);
  return { key, name, origin, revision: manifest.revision, bytes, storedBytes, usedAt };
}

/** Of the parts that have one by now; the same hash as often as the model holds the part. */
async function partHashes({ key, manifest }: CachedModel): Promise<string[]> {
  const hashes: string[] = [];
  for (const file of manifest.files) {
    if (file.parts) hashes.push(...file.parts);
    else {
      for (let index = 0; index < partCount(file, manifest.partBytes); index++) {
        const hash = await opfsParts.recall(`${key}/${file.name}/${index}`);
        if (hash) hashes.push(hash);
      }
    }
  }
  return hashes;
}
