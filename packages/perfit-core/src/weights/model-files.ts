import { shardNames } from './safetensors-reader.ts';
import { shown } from './shown.ts';
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
const OTHER_WEIGHTS = /\.(bin|gguf|pt|pth|onnx|h5|msgpack|ckpt|npz)$/i;
/** What lies beside a GGUF model and is none: the eyes of one that sees, what its quantisation was measured on. */
const NO_MODEL = /mmproj|imatrix/i;
const IN_PARTS = /-\d{5}-of-\d{5}\.gguf$/i;

export interface NamedFiles {
  readonly names: ReadonlySet<string>;
  /** For people: where this is. */
  readonly where: string;
  text(name: string): Promise<string>;
  /** Which GGUF file is meant, by the part of its name that says how it is quantised, as llama.cpp has it: `Q4_1`. */
  readonly quantization?: string;
}

/**
 * Those of a folder's files that make up the model, as transformers chooses them: its description, and its weights in
 * one file, or else the shards that the index names. Twins in other precisions or formats are left out. A GGUF file is
 * chosen where it is asked for, or where there are no others; it is a whole model by itself.
 * @throws WeightsError `weights-no-safetensors`, `weights-ambiguous-folder` where it is not clear which GGUF file is meant, or
 * `weights-missing-file` where a shard is not there
 */
export async function chooseModelFiles({ names, where, text, quantization }: NamedFiles): Promise<string[]> {
  const hasSafetensors = names.has(SINGLE) || names.has(INDEX);
  const ggufs = [...names].filter((name) => isGguf(name) && !NO_MODEL.test(name)).sort();
  if (quantization !== undefined) return [ggufOf(ggufs, { where, quantization })];
  if (!hasSafetensors && ggufs.length > 0) return [onlyGguf(ggufs, where)];
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

/** Of `model-Q4_K_M.gguf` and `model.Q4_0.gguf` the one that is called so, and not the one that only contains it. */
function ggufOf(ggufs: readonly string[], { where, quantization }: { where: string; quantization: string }): string {
  const wanted = quantization.toUpperCase();
  const found = ggufs.filter((name) => name.toUpperCase().split(/[-.]/).includes(wanted));
  if (found.length > 0) return onlyGguf(found, where);
  const there = ggufs.length === 0 ? 'it has none' : `it has ${listed(ggufs)}`;
  throw new WeightsError('weights-missing-file', `${where} has no GGUF file called ${shown(quantization)}: ${there}`);
}

function onlyGguf(ggufs: readonly string[], where: string): string {
  const [first, ...more] = ggufs as [string, ...string[]];
  if (ggufs.every((name) => IN_PARTS.test(name))) {
    const message = `${where} has a GGUF file in parts (${first}): one in a single file can be read`;
    throw new WeightsError('weights-unsupported-architecture', message);
  }
  if (more.length === 0) return first;
  const message = `${where} has ${ggufs.length} GGUF files: name one of ${listed(ggufs)}, as in name:Q8_0`;
  throw new WeightsError('weights-ambiguous-folder', message);
}

function listed(names: readonly string[]): string {
  const most = 12;
  return `${names.slice(0, most).join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}`;
}

function whatThereIs(names: ReadonlySet<string>): string {
  const weights = [...names].filter((name) => OTHER_WEIGHTS.test(name) || name.endsWith('.safetensors')).sort();
  const wanted = `neither ${SINGLE} nor ${INDEX}`;
  if (weights.length === 0) return wanted;
  const shown = weights.slice(0, 3).join(', ');
  return `${wanted}, only ${shown}${weights.length > 3 ? ` and ${weights.length - 3} more` : ''}`;
}

export function isGguf(name: string): boolean {
  return /\.gguf$/i.test(name);
}
