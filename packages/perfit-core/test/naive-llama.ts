import type { Layout } from '@perfit/protocol/space';
import type { TinyModel } from './tiny-models.ts';

type Matrix = number[][];

/**
 * The forward pass of the Llama family once more, one number at a time, in double precision and without any library:
 * what the tensor code is held against.
 */
export class NaiveLlama {
  readonly #model: TinyModel;
  readonly #adapter: { layout: Layout; theta: ArrayLike<number> } | null;

  constructor(model: TinyModel, adapter: { layout: Layout; theta: ArrayLike<number> } | null = null) {
    this.#model = model;
    this.#adapter = adapter;
  }

  /** Logits at every position of one sequence. @returns [T][V] */
  logits(ids: readonly number[]): Matrix {
    const { config, tensors } = this.#model;
    const embedding = tensors['model.embed_tokens.weight'] ? 'model.embed_tokens.weight' : 'lm_head.weight';
    const head = config.tie_word_embeddings ? embedding : 'lm_head.weight';
    let x = ids.map((id) => this.#matrix(embedding)[id] as number[]);
    for (let layer = 0; layer < this.#number('num_hidden_layers'); layer++) x = this.#block(layer, x);
    return multiply(this.#norm('model.norm', x), this.#matrix(head));
  }

  /** Mean negative log-likelihood over the labels that are not -100, already shifted. */
  loss(rows: readonly { ids: readonly number[]; labels: readonly number[] }[]): number {
    let sum = 0;
    let count = 0;
    for (const { ids, labels } of rows) {
      const logits = this.logits(ids);
      labels.forEach((label, t) => {
        if (label === -100) return;
        const row = logits[t] as number[];
        const greatest = Math.max(...row);
        const logSum = greatest + Math.log(row.reduce((total, z) => total + Math.exp(z - greatest), 0));
        sum += logSum - (row[label] as number);
        count++;
      });
    }
    return sum / count;
  }

  #block(layer: number, x: Matrix): Matrix {
    const at = `model.layers.${layer}`;
    const attended = this.#attention(layer, this.#norm(`${at}.input_layernorm`, x));
    const mixed = add(x, this.#linear(layer, 'self_attn.o_proj', attended));
    const normal = this.#norm(`${at}.post_attention_layernorm`, mixed);
    const gate = this.#linear(layer, 'mlp.gate_proj', normal);
    const up = this.#linear(layer, 'mlp.up_proj', normal);
    const active = gate.map((row, t) =>
      row.map((g, f) => (g / (1 + Math.exp(-g))) * ((up[t] as number[])[f] as number)),
    );
    return add(mixed, this.#linear(layer, 'mlp.down_proj', active));
  }

  #attention(layer: number, x: Matrix): Matrix {
    const heads = this.#number('num_attention_heads');
    const keyHeads = this.#number('num_key_value_heads');
    const width = (this.#model.config.head_dim as number | undefined) ?? this.#number('hidden_size') / heads;
    const q = this.#heads(layer, { name: 'q', count: heads, width }, x);
    const k = this.#heads(layer, { name: 'k', count: keyHeads, width }, x);
    const v = this.#linear(layer, 'self_attn.v_proj', x).map((row) => chunk(row, width));
    return x.map((_, t) =>
      Array.from({ length: heads }, (_, h) => {
        const keyHead = Math.floor((h * keyHeads) / heads);
        const query = (q[t] as Matrix)[h] as number[];
        const scores = Array.from(
          { length: t + 1 },
          (_, s) => dot(query, (k[s] as Matrix)[keyHead] as number[]) / Math.sqrt(width),
        );
        const greatest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - greatest));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        return Array.from({ length: width }, (_, i) =>
          weights.reduce(
            (sum, weight, s) => sum + (weight / total) * (((v[s] as Matrix)[keyHead] as number[])[i] as number),
            0,
          ),
        );
      }).flat(),
    );
  }

  /** Queries or keys by position and head, normalised where the model does it, and turned by their position. */
  #heads(layer: number, at: { name: 'q' | 'k'; count: number; width: number }, x: Matrix): Matrix[] {
    const { config } = this.#model;
    const rows = this.#linear(layer, `self_attn.${at.name}_proj`, x).map((row) => chunk(row, at.width));
    const isNormalised = config.model_type === 'qwen3';
    const frequencies = this.#frequencies(at.width);
    return rows.map((heads, t) => {
      const normal = isNormalised ? this.#norm(`model.layers.${layer}.self_attn.${at.name}_norm`, heads) : heads;
      return normal.map((head) =>
        head.map((value, i) => {
          const half = at.width / 2;
          const angle = t * (frequencies[i % half] as number);
          const partner = i < half ? -(head[i + half] as number) : (head[i - half] as number);
          return value * Math.cos(angle) + partner * Math.sin(angle);
        }),
      );
    });
  }

  #frequencies(width: number): number[] {
    const theta = this.#number('rope_theta');
    const plain = Array.from({ length: width / 2 }, (_, i) => 1 / theta ** ((2 * i) / width));
    const scaling = this.#model.config.rope_scaling as Record<string, number> | undefined;
    if (!scaling) return plain;
    const original = scaling.original_max_position_embeddings as number;
    const [low, high, factor] = [scaling.low_freq_factor, scaling.high_freq_factor, scaling.factor] as [
      number,
      number,
      number,
    ];
    return plain.map((frequency) => {
      const turns = (original * frequency) / (2 * Math.PI);
      if (turns > high) return frequency;
      if (turns < low) return frequency / factor;
      const share = (turns - low) / (high - low);
      return frequency * (share + (1 - share) / factor);
    });
  }

  #linear(layer: number, name: string, x: Matrix): Matrix {
    const full = `model.layers.${layer}.${name}`;
    const y = multiply(x, this.#matrix(`${full}.weight`));
    const bias = this.#model.tensors[`${full}.bias`]?.values;
    const biased = bias ? y.map((row) => row.map((value, i) => value + (bias[i] as number))) : y;
    return this.#adapter ? add(biased, this.#lora(layer, name.split('.')[1] as string, x)) : biased;
  }

  #lora(layer: number, projection: string, x: Matrix): Matrix {
    const { layout, theta } = this.#adapter as { layout: Layout; theta: ArrayLike<number> };
    const [a, b] = layout.tensors
      .filter((tensor) => tensor.module === `layers.${layer}.${projection}`)
      .map(({ offset, rows, columns }) =>
        Array.from({ length: rows }, (_, r) =>
          Array.from({ length: columns }, (_, c) => theta[offset + r * columns + c] as number),
        ),
      );
    if (!a || !b)
      return x.map(() => Array(this.#matrix(`model.layers.${layer}.self_attn.q_proj.weight`).length).fill(0));
    const scale = layout.alpha / layout.rank;
    return multiply(multiply(x, a), b).map((row) => row.map((value) => value * scale));
  }

  #norm(name: string, x: Matrix): Matrix {
    const weight = this.#model.tensors[`${name}.weight`]?.values as Float32Array;
    const epsilon = this.#number('rms_norm_eps');
    return x.map((row) => {
      const root = Math.sqrt(dot(row, row) / row.length + epsilon);
      return row.map((value, i) => (value / root) * (weight[i] as number));
    });
  }

  #matrix(name: string): Matrix {
    const { shape, values } = this.#model.tensors[name] as TinyModel['tensors'][string];
    return chunk(Array.from(values), shape[1] as number);
  }

  #number(field: string): number {
    return this.#model.config[field] as number;
  }
}

/** x Wᵀ */
function multiply(x: Matrix, weight: Matrix): Matrix {
  return x.map((row) => weight.map((column) => dot(row, column)));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

function add(a: Matrix, b: Matrix): Matrix {
  return a.map((row, t) => row.map((value, i) => value + ((b[t] as number[])[i] as number)));
}

function chunk(values: readonly number[], width: number): Matrix {
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
}
