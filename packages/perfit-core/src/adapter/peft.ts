import {
  type Layout,
  type LayoutTensor,
  type LoraSpace,
  PROJECTIONS,
  type Projection,
  tensorSlice,
} from '@perfit/protocol/space';
import { readHeader } from '../weights/safetensors-reader.ts';
import { writeSafetensors } from '../weights/safetensors-writer.ts';
import { fileSource, type ModelSource } from '../weights/source.ts';
import { readTensor, type TensorEntry } from '../weights/tensor-values.ts';
import { WeightsError } from '../weights/weights-error.ts';
import { AdapterError } from './adapter-error.ts';
import { moduleName } from './module-name.ts';

/** The two files of an adapter as Hugging Face's PEFT writes and loads them. */
export interface PeftFiles {
  readonly 'adapter_config.json': string;
  readonly 'adapter_model.safetensors': Uint8Array;
}

export interface PeftExport {
  /** What PEFT loads the base model from: a name on the Hub or a path. */
  readonly baseModel: string;
  /** The commit or branch of that name; null or absent is whatever its main branch has. */
  readonly revision?: string | null;
  /** F32 keeps every bit. */
  readonly dtype?: 'F32' | 'F16' | 'BF16';
}

const CONFIG_FILE = 'adapter_config.json';
const WEIGHTS_FILE = 'adapter_model.safetensors';

/**
 * PF9: a personal module as a PEFT adapter of rank R; PEFT's scale lora_alpha / r is our α/R. What the mask left out
 * is zero in theta and stays zero.
 * @param theta [N]
 * @throws AdapterError `adapter-not-finite`, `adapter-mismatch`
 */
export function exportPeft(layout: Layout, theta: Float32Array, options: PeftExport): PeftFiles {
  const { dtype = 'F32' } = options;
  checkTheta(layout, theta);
  const tensors = layout.tensors.map((tensor) => ({
    name: peftName(tensor),
    shape: [tensor.rows, tensor.columns],
    values: tensorSlice(theta, tensor),
  }));
  return {
    'adapter_config.json': `${JSON.stringify(peftConfig(layout, options), null, 2)}\n`,
    'adapter_model.safetensors': writeSafetensors(tensors, { dtype }),
  };
}

/**
 * The theta of a PEFT adapter that has exactly this layout, in whichever of F32, F16 and BF16 it was written; names may
 * have the adapter's own (`lora_A.default.weight`).
 * @returns [N]
 * @throws AdapterError
 */
export async function importPeft(layout: Layout, files: PeftFiles): Promise<Float32Array> {
  checkConfig(layout, files[CONFIG_FILE]);
  const { source, entries } = await openTensors(files[WEIGHTS_FILE]);
  const theta = new Float32Array(layout.size);
  for (const tensor of layout.tensors) {
    const name = peftName(tensor);
    const entry = entries.get(name);
    if (entry === undefined) {
      throw new AdapterError('adapter-missing-tensor', `The adapter has no tensor ${name}.`, { tensor: name });
    }
    entries.delete(name);
    const [rows, columns, ...more] = entry.shape;
    if (rows !== tensor.rows || columns !== tensor.columns || more.length > 0) {
      throw new AdapterError(
        'adapter-wrong-shape',
        `The tensor ${name} is [${entry.shape.join(', ')}]; this model and rank need [${tensor.rows}, ${tensor.columns}].`,
        { tensor: name, shape: entry.shape, wanted: [tensor.rows, tensor.columns] },
      );
    }
    theta.set(await readable(() => readTensor(source, entry)), tensor.offset);
  }
  const [extra] = entries.keys();
  if (extra !== undefined) {
    throw new AdapterError('adapter-extra-tensor', `The adapter has a tensor that has no place here: ${extra}.`, {
      tensor: extra,
      count: entries.size,
    });
  }
  checkTheta(layout, theta);
  return theta;
}

/**
 * The LoRA space that an adapter was made in, from its adapter_config.json: enough to build its layout.
 * @throws AdapterError `adapter-unreadable`, `adapter-unsupported`
 */
export function peftSpace(configText: string): LoraSpace {
  const config = parseConfig(configText);
  refuseOtherArithmetic(config);
  const { r, lora_alpha, target_modules } = config;
  const isRank = Number.isInteger(r) && (r as number) > 0;
  if (!isRank) throw unsupported('r', r, 'a whole number above zero is');
  if (typeof lora_alpha !== 'number') throw unsupported('lora_alpha', lora_alpha, 'a number is');
  const targets = targetsOf(target_modules);
  const unknown = targets.find((name) => !PROJECTIONS.includes(name as Projection));
  if (unknown) throw unsupported('target_modules', target_modules, `${unknown} is no projection of a Llama block`);
  return { rank: r as number, alpha: lora_alpha, targets: targets as readonly Projection[] };
}

/** `base_model.model` is PEFT's wrapper, `model` the Llama inside the language model with its head. */
function peftName(tensor: LayoutTensor): string {
  return `base_model.model.${moduleName(tensor)}.lora_${tensor.matrix}.weight`;
}

/** The fields of PEFT 0.10's LoraConfig, in its order. */
function peftConfig(layout: Layout, { baseModel, revision = null }: PeftExport) {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    loftq_config: {},
    lora_alpha: layout.alpha,
    lora_dropout: 0,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: null,
    peft_type: 'LORA',
    r: layout.rank,
    rank_pattern: {},
    revision,
    target_modules: [...layout.targets],
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
}

/** Where another value than the given one means another arithmetic than ours; absent is as good. */
const NEEDED = {
  peft_type: 'LORA',
  bias: 'none',
  lora_bias: false,
  fan_in_fan_out: false,
  use_rslora: false,
  use_dora: false,
};

/** What acts on more, or on less, than the layout holds; null, absent and empty are as good as each other. */
const NEEDED_EMPTY: Readonly<Record<string, string>> = {
  rank_pattern: 'one rank is needed everywhere',
  alpha_pattern: 'one alpha is needed everywhere',
  modules_to_save: 'only LoRA matrices can be read',
  layers_to_transform: 'every layer must have its matrices',
  layer_replication: 'the layers must be those of the base model',
  trainable_token_indices: 'only LoRA matrices can be read',
  target_parameters: 'only linear layers can be adapted',
  alora_invocation_tokens: 'the adapter must act on every token',
};

/** Ways of starting that also change the base model, on which the saved matrices then rest. */
const CHANGES_THE_BASE = /^(pissa|olora|corda|loftq|lora_ga)/;

function refuseOtherArithmetic(config: Record<string, unknown>): void {
  for (const [field, wanted] of Object.entries(NEEDED)) {
    const value = config[field];
    if (value !== undefined && value !== null && value !== wanted) {
      throw unsupported(field, value, `only ${JSON.stringify(wanted)} is`);
    }
  }
  for (const [field, why] of Object.entries(NEEDED_EMPTY)) {
    const value = config[field];
    const isEmpty = value === undefined || value === null || (typeof value === 'object' && !Object.keys(value).length);
    if (!isEmpty) throw unsupported(field, value, why);
  }
  const { init_lora_weights: start } = config;
  if (typeof start === 'string' && CHANGES_THE_BASE.test(start)) {
    throw unsupported('init_lora_weights', start, 'the matrices must rest on the base model as it is published');
  }
}

function checkConfig(layout: Layout, text: string): void {
  const config = parseConfig(text);
  refuseOtherArithmetic(config);
  checkSame('r', config.r, layout.rank);
  checkSame('lora_alpha', config.lora_alpha, layout.alpha);
  const targets = targetsOf(config.target_modules);
  checkSame(
    'target_modules',
    targets.join(', '),
    PROJECTIONS.filter((name) => layout.targets.includes(name)).join(', '),
  );
}

/** In layout order. PEFT accepts full module names as well as their endings. */
function targetsOf(value: unknown): readonly string[] {
  if (value === 'all-linear') return PROJECTIONS;
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    throw unsupported('target_modules', value, 'a list of names is');
  }
  const endings = new Set(value.map((name: string) => name.split('.').at(-1) as string));
  const unknown = [...endings].filter((ending) => !PROJECTIONS.includes(ending as Projection));
  return [...PROJECTIONS.filter((name) => endings.has(name)), ...unknown];
}

function checkSame(field: string, value: unknown, wanted: number | string): void {
  if (value === wanted) return;
  throw new AdapterError(
    'adapter-mismatch',
    `The adapter's ${field} is ${JSON.stringify(value) ?? 'missing'} where ${JSON.stringify(wanted)} is needed.`,
    { field, value, wanted },
  );
}

function unsupported(field: string, value: unknown, why: string): AdapterError {
  const message = `The adapter's ${field} ${JSON.stringify(value) ?? 'missing'} is not supported: ${why}.`;
  return new AdapterError('adapter-unsupported', message, { file: CONFIG_FILE, field, value });
}

function parseConfig(text: string): Record<string, unknown> {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    config = null;
  }
  if (isObject(config)) return config;
  throw new AdapterError('adapter-unreadable', `${CONFIG_FILE} is not a JSON object.`, { file: CONFIG_FILE });
}

async function openTensors(bytes: Uint8Array): Promise<{ source: ModelSource; entries: Map<string, TensorEntry> }> {
  const source = fileSource([new File([bytes as Uint8Array<ArrayBuffer>], WEIGHTS_FILE)]);
  const entries = await readable(() => readHeader(source, WEIGHTS_FILE));
  return { source, entries: new Map(entries.map((entry) => [withoutAdapterName(entry.name), entry])) };
}

/** PEFT leaves the adapter's name out when it saves; who saves a state dict by hand keeps `default`. */
function withoutAdapterName(tensor: string): string {
  return tensor.replace(/\.(lora_[AB])\.default\.weight$/, '.$1.weight');
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    const message = `The adapter cannot be read: ${error.message}.`;
    throw new AdapterError('adapter-unreadable', message, { file: WEIGHTS_FILE, reason: error.code });
  }
}

function checkTheta(layout: Layout, theta: Float32Array): void {
  if (theta.length !== layout.size) {
    throw new AdapterError(
      'adapter-mismatch',
      `The adapter has ${theta.length} numbers; the layout has ${layout.size}.`,
      {
        length: theta.length,
        wanted: layout.size,
      },
    );
  }
  const at = theta.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new AdapterError('adapter-not-finite', 'The adapter has a number that is not finite.', { position: at });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
