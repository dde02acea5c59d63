import { createHash } from 'node:crypto';
import type { ModelManifestView } from '@perfit/protocol';
import { PART_BYTES } from './hasher.ts';
import type { ModelCatalogue } from './model-catalogue.ts';
import type { ModelHashes } from './model-hashes.ts';

/**
 * What a model's folder holds now.
 * @throws ModelError where there is no such model or it cannot be used, ModelChangedError
 */
export async function manifestOf(
  id: string,
  { models, hashes }: { models: ModelCatalogue; hashes: ModelHashes },
): Promise<ModelManifestView> {
  const found = await models.usable(id);
  const files = await Promise.all(
    found.map(async (file) => {
      const { sha256, parts } = await hashes.of(file);
      return { name: file.name, bytes: file.stats.size, sha256, parts };
    }),
  );
  const revision = createHash('sha256');
  for (const { name, sha256 } of files) revision.update(`${name}\0${sha256}\n`);
  return { revision: revision.digest('hex'), partBytes: PART_BYTES, files };
}
