import { ggufFolder } from './gguf/gguf-folder.ts';
import type { ListedSource } from './manifest.ts';
import { isGguf } from './model-files.ts';
import { once } from './once.ts';
import { openWeights } from './safetensors-reader.ts';
import type { ModelSource } from './source.ts';

/**
 * A model as a Hugging Face folder, whatever its files are: where the list has a GGUF file and no config.json, what is made
 * of that file.
 */
export function modelFolder(source: ListedSource): ModelSource {
  const folder = once(async (): Promise<ModelSource> => {
    const { files } = await source.manifest();
    const gguf = files.find(({ name }) => isGguf(name));
    return gguf && !files.some(({ name }) => name === 'config.json') ? ggufFolder(source, gguf.name) : source;
  });
  return {
    describe: () => source.describe(),
    has: async (name) => await (await folder()).has(name),
    text: async (name) => await (await folder()).text(name),
    size: async (name) => await (await folder()).size(name),
    range: async (...asked) => await (await folder()).range(...asked),
    weights: async () => await openWeights(await folder()),
  };
}
