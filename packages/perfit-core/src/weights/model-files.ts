import { shardNames } from './safetensors-reader.ts';
import { WeightsError } from './weights-error.ts';

const DESCRIPTIONS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
];
const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** Weights in formats that are not read here. */
const OTHER_WEIGHTS = /\.(bin|gguf|pt|pth|onnx|h5|msgpack|ckpt|npz)$/;

export interface NamedFiles {
  readonly names: ReadonlySet<string>;
  /** For people: where this is. */
  readonly where: string;
  text(name: string): Promise<string>;
}

/**
 * Those of a folder's files that make up the model, as transformers chooses them: its description, and its weights in
 * one file, or else the shards that the index names. Twins in other precisions or formats are left out.
 * @throws WeightsError `weights-no-safetensors`, or `weights-missing-file` where a shard is not there
 */
export async function chooseModelFiles({ names, where, text }: NamedFiles): Promise<string[]> {
  const chosen = DESCRIPTIONS.filter((name) => names.has(name));
  if (names.has(SINGLE)) return [...chosen, SINGLE];
  if (!names.has(INDEX)) throw new WeightsError('weights-no-safetensors', `${where} has ${whatThereIs(names)}`);
  const shards = await shardNames({ describe: () => where, has: async (name) => names.has(name), text });
  const missing = shards.filter((shard) => !names.has(shard));
  if (missing.length) {
    throw new WeightsError('weights-missing-file', `${where} has no ${missing.join(', ')}, which its ${INDEX} names`);
  }
  return [...chosen, INDEX, ...shards];
}

function whatThereIs(names: ReadonlySet<string>): string {
  const weights = [...names].filter((name) => OTHER_WEIGHTS.test(name) || name.endsWith('.safetensors')).sort();
  const wanted = `neither ${SINGLE} nor ${INDEX}`;
  if (weights.length === 0) return wanted;
  const shown = weights.slice(0, 3).join(', ');
  return `${wanted}, only ${shown}${weights.length > 3 ? ` and ${weights.length - 3} more` : ''}`;
}
