import type { ModelSource } from '../weights/source.ts';
import { TOKENIZER_FILE_NAMES, type TokenizerFiles } from './tokenizer-files.ts';

/** What a model's folder has of the files that describe a tokenizer. What the source throws passes through. */
export async function readTokenizerFiles(source: Pick<ModelSource, 'has' | 'text'>): Promise<TokenizerFiles> {
  const read = async (name: string) => ((await source.has(name)) ? await source.text(name) : undefined);
  const [json, config, template, generation, model] = await Promise.all(TOKENIZER_FILE_NAMES.map(read));
  return {
    'tokenizer.json': json,
    'tokenizer_config.json': config,
    'chat_template.jinja': template,
    'generation_config.json': generation,
    'config.json': model,
  };
}
