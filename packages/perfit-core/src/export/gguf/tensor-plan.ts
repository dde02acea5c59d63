import { PROJECTIONS, projectionWidths } from '@perfit/protocol/space';
import { moduleName } from '../../adapter/module-name.ts';
import { dimensions, hasBias, inverseFrequencies, type ModelConfig } from '../../model/config.ts';
import { HEAD_NAME } from '../../model/expected-tensors.ts';
import { PROJECTION_NAMES } from '../../weights/gguf/tensor-names.ts';
import { ExportError } from '../export-error.ts';
import { assertHas, type MergedTensor, type MergedWeights } from '../merged-weights.ts';
import { architectureOf } from './architecture.ts';
import type { GgufTensorInfo, GgufTensorType } from './gguf-header.ts';
import { Q8_BLOCK, Q8_BLOCK_BYTES } from './q8.ts';

/** How the matrices are stored; norms and biases stay in float32. */
export type GgufType = 'f16' | 'q8_0';

/** A tensor of the file, and where its values come from. */
export interface PlannedTensor extends GgufTensorInfo {
  readonly from:
    | { readonly kind: 'weights'; readonly tensor: MergedTensor; readonly turn: HeadTurn | null }
    | { readonly kind: 'values'; readonly values: Float32Array };
}

/** Rows of q and k whose features are to be paired next to each other, d of them a head. */
export interface HeadTurn {
  /** d */
  readonly headWidth: number;
}

/**
 * Every tensor of the file in its order. llama.cpp turns features 2i and 2i + 1 of a llama head together where Hugging
 * Face turns i and i + d/2, so that the rows of q and k change places there; not for Qwen.
 * @throws ExportError
 */
export function planTensors({ config, tensors }: MergedWeights, type: GgufType): readonly PlannedTensor[] {
  const planned: PlannedTensor[] = [];
  const used = new Set<string>();
  const isLlama = architectureOf(config) === 'llama';
  const add = (name: string, from: string, shape: readonly number[], turn: HeadTurn | null = null) => {
    const tensor = assertHas(tensors, from, shape);
    used.add(from);
    const stored = shape.length === 1 ? 'F32' : matrixType(type, shape.at(-1) as number);
    planned.push({ name, shape, ...sized(stored, shape), from: { kind: 'weights', tensor, turn } });
  };
  const { width, vocabSize, headWidth } = config;
  add('token_embd.weight', embeddingName(config, tensors), [vocabSize, width]);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const block = `blk.${layer}`;
    add(`${block}.attn_norm.weight`, `${at}.input_layernorm.weight`, [width]);
    add(`${block}.ffn_norm.weight`, `${at}.post_attention_layernorm.weight`, [width]);
    if (config.queryKeyNorm) {
      add(`${block}.attn_q_norm.weight`, `${at}.self_attn.q_norm.weight`, [headWidth]);
      add(`${block}.attn_k_norm.weight`, `${at}.self_attn.k_norm.weight`, [headWidth]);
    }
    for (const projection of PROJECTIONS) {
      const { inWidth, outWidth } = projectionWidths(dimensions(config), projection);
      const [name, from] = [`${block}.${PROJECTION_NAMES[projection]}`, moduleName({ layer, projection })];
      const turn = isLlama && (projection === 'q_proj' || projection === 'k_proj') ? { headWidth } : null;
      add(`${name}.weight`, `${from}.weight`, [outWidth, inWidth], turn);
      if (hasBias(config, projection)) add(`${name}.bias`, `${from}.bias`, [outWidth], turn);
    }
  }
  add('output_norm.weight', 'model.norm.weight', [width]);
  if (!config.tiedHead) add('output.weight', HEAD_NAME, [vocabSize, width]);
  if (config.ropeScaling) planned.push(ropeFactors(config));
  refuseLeftOver(tensors, used, config);
  return planned;
}

/** By what llama.cpp divides each frequency: llama3's stretching, as a tensor. @returns [d/2] */
function ropeFactors(config: ModelConfig): PlannedTensor {
  const stretched = inverseFrequencies(config);
  const plain = inverseFrequencies({ ...config, ropeScaling: null });
  const values = Float32Array.from(plain, (frequency, i) => frequency / (stretched[i] as number));
  const shape = [values.length];
  return { name: 'rope_freqs.weight', shape, ...sized('F32', shape), from: { kind: 'values', values } };
}

/** A tied model may have been saved with its one matrix as the head. */
function embeddingName({ tiedHead }: ModelConfig, tensors: MergedWeights['tensors']): string {
  const name = 'model.embed_tokens.weight';
  return tiedHead && !tensors.has(name) && tensors.has(HEAD_NAME) ? HEAD_NAME : name;
}

/** A weight that nothing here knows would be lost without a word. */
function refuseLeftOver(tensors: MergedWeights['tensors'], used: ReadonlySet<string>, config: ModelConfig): void {
  for (const name of tensors.keys()) {
    // Old files carry the frequencies, which follow from the configuration; a tied head may lie there twice.
    if (used.has(name) || name.endsWith('.rotary_emb.inv_freq') || (config.tiedHead && name === HEAD_NAME)) continue;
    throw new ExportError('export-no-counterpart', `The tensor ${name} has no counterpart in GGUF.`, { tensor: name });
  }
}

function matrixType(type: GgufType, columns: number): GgufTensorType {
  return type === 'q8_0' && columns % Q8_BLOCK === 0 ? 'Q8_0' : 'F16';
}

function sized(type: GgufTensorType, shape: readonly number[]): { type: GgufTensorType; bytes: number } {
  const values = shape.reduce((product, length) => product * length, 1);
  switch (type) {
    case 'F32':
      return { type, bytes: 4 * values };
    case 'F16':
      return { type, bytes: 2 * values };
    case 'Q8_0':
      return { type, bytes: (values / Q8_BLOCK) * Q8_BLOCK_BYTES };
  }
}
