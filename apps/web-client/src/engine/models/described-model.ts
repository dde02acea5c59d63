import {
  formatsInFile,
  isGguf,
  type ListedSource,
  type MatrixFormats,
  type ModelConfig,
  modelFolder,
  parseModelConfig,
} from '@perfit/core';

/** What is known of a model before its weights are read. */
export interface DescribedModel {
  readonly config: ModelConfig;
  /** How its file holds it, where it is a GGUF file. */
  readonly inFile: MatrixFormats | null;
}

/** Of a folder of Hugging Face's nothing more is read than its description. @throws ModelError, WeightsError */
export async function describedModel(files: ListedSource): Promise<DescribedModel> {
  const folder = modelFolder(files);
  const config = parseModelConfig(await folder.text('config.json'));
  const isGgufFile = (await files.manifest()).files.some(({ name }) => isGguf(name));
  return { config, inFile: isGgufFile ? await formatsInFile(folder) : null };
}
