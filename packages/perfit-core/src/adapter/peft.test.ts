import { buildLayout, initialTheta, Mask, PROJECTIONS, type Projection } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeSafetensors } from '../weights/safetensors-writer.ts';
import { AdapterError } from './adapter-error.ts';
import { exportPeft, importPeft, type PeftFiles, peftSpace } from './peft.ts';

const DIMENSIONS = { layers: 2, width: 8, queryWidth: 8, keyValueWidth: 4, feedForwardWidth: 12 };
const layoutOf = (rank = 4, targets: readonly Projection[] = PROJECTIONS) =>
  buildLayout(DIMENSIONS, { rank, alpha: 16, targets });
const layout = layoutOf();
const theta = initialTheta(layout, 7).map((value, p) => value || (p % 5) / 3);

describe('a PEFT adapter', () => {
  it("[PF9] has the names, shapes and settings that PEFT's LoraConfig knows", () => {
    const files = exportPeft(layout, theta, { baseModel: 'HuggingFaceTB/SmolLM2-135M-Instruct' });
    expect(JSON.parse(files['adapter_config.json'])).toMatchObject({
      base_model_name_or_path: 'HuggingFaceTB/SmolLM2-135M-Instruct',
      bias: 'none',
      fan_in_fan_out: false,
      lora_alpha: 16,
      peft_type: 'LORA',
      r: 4,
      target_modules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
      task_type: 'CAUSAL_LM',
      use_rslora: false,
    });
    const header = headerOf(files);
    expect(Object.keys(header).length).toBe(1 + 2 * 7 * 2);
    expect(header.__metadata__).toEqual({ format: 'pt' });
    expect(header['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight']).toMatchObject({ shape: [4, 8] });
    expect(header['base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight']).toMatchObject({ shape: [4, 4] });
    expect(header['base_model.model.model.layers.1.mlp.down_proj.lora_A.weight']).toMatchObject({ shape: [4, 12] });
    expect(header['base_model.model.model.layers.1.mlp.gate_proj.lora_B.weight']).toMatchObject({ shape: [12, 4] });
  });

  it('[PF9] comes back bit for bit, with zeros where the mask is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.subarray([...PROJECTIONS], { minLength: 1 }), async (seed, targets) => {
        const space = layoutOf(3, targets);
        const mask = Mask.from(space.size, (p) => (p * 31 + seed) % 3 !== 0);
        const full = initialTheta(space, seed).map((value, p) => value || Math.fround(p / 7) - 1);
        const owned = mask.apply(full);
        const back = await importPeft(space, exportPeft(space, owned, { baseModel: 'x' }));
        expect(back).toEqual(owned);
        for (let p = 0; p < space.size; p++) if (!mask.has(p)) expect(Object.is(back[p], 0)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it.each(['F16', 'BF16'] as const)('may be written in %s', async (dtype) => {
    const back = await importPeft(layout, exportPeft(layout, theta, { baseModel: 'x', dtype }));
    for (const [p, value] of back.entries()) expect(value).toBeCloseTo(theta[p] as number, 2);
    expect(back).not.toEqual(theta);
  });

  it('does not mind what PEFT writes besides, nor the order of its targets', async () => {
    const files = exportPeft(layout, theta, { baseModel: 'x' });
    const config = JSON.parse(files['adapter_config.json']);
    const newer = {
      ...config,
      target_modules: config.target_modules.toReversed(),
      peft_version: '0.21.2',
      eva_config: null,
    };
    await expect(importPeft(layout, { ...files, 'adapter_config.json': JSON.stringify(newer) })).resolves.toEqual(
      theta,
    );
  });

  it('names the commit of the base model where it is known', () => {
    const revisionOf = (revision?: string) =>
      JSON.parse(
        exportPeft(layout, theta, { baseModel: 'x', ...(revision ? { revision } : {}) })['adapter_config.json'],
      ).revision;
    expect([revisionOf('12fd25f77366fa6b3b4b768ec3050bf629380bac'), revisionOf()]).toEqual([
      '12fd25f77366fa6b3b4b768ec3050bf629380bac',
      null,
    ]);
  });

  it.each(['F32', 'F16', 'BF16'] as const)(
    'is read as others write it: names with `.default`, in %s',
    async (dtype) => {
      const files = exportPeft(layout, theta, { baseModel: 'x', dtype });
      const plain = await importPeft(layout, files);
      const named = tensorsOf(exportPeft(layout, plain, { baseModel: 'x' })).map((tensor) => ({
        ...tensor,
        name: tensor.name.replace('.weight', '.default.weight'),
      }));
      expect(named[0]?.name).toMatch(/lora_A\.default\.weight$/);
      const config = { ...JSON.parse(files['adapter_config.json']), target_modules: 'all-linear' };
      const wild = {
        'adapter_config.json': JSON.stringify(config),
        'adapter_model.safetensors': writeSafetensors(named, { dtype }),
      };
      expect(peftSpace(wild['adapter_config.json'])).toEqual({ rank: 4, alpha: 16, targets: PROJECTIONS });
      expect(await importPeft(layout, wild)).toEqual(plain);
    },
  );
});

describe('an adapter that does not fit', () => {
  const files = exportPeft(layout, theta, { baseModel: 'x' });
  const config = JSON.parse(files['adapter_config.json']);
  const withConfig = (change: object): PeftFiles => ({
    ...files,
    'adapter_config.json': JSON.stringify({ ...config, ...change }),
  });
  const withTensors = (change: (tensors: Tensor[]) => Tensor[]): PeftFiles => ({
    ...files,
    'adapter_model.safetensors': writeSafetensors(change(tensorsOf(files))),
  });
  const codeOf = async (broken: PeftFiles, space = layout) => {
    const error: unknown = await importPeft(space, broken).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AdapterError);
    return (error as AdapterError).code;
  };

  it('has another rank, scale or set of targets', async () => {
    expect(await codeOf(withConfig({ r: 8 }))).toBe('adapter-mismatch');
    expect(await codeOf(withConfig({ lora_alpha: 32 }))).toBe('adapter-mismatch');
    expect(await codeOf(withConfig({ target_modules: ['q_proj'] }))).toBe('adapter-mismatch');
    expect(await codeOf(withConfig({ target_modules: [...config.target_modules, 'lm_head'] }))).toBe(
      'adapter-mismatch',
    );
    expect(await codeOf(files, layoutOf(4, ['q_proj', 'v_proj']))).toBe('adapter-mismatch');
  });

  it('computes in another way', async () => {
    for (const change of [
      { peft_type: 'LOHA' },
      { use_rslora: true },
      { use_dora: true },
      { fan_in_fan_out: true },
      { bias: 'all' },
      { lora_bias: true },
      { rank_pattern: { q_proj: 2 } },
      { alpha_pattern: { q_proj: 2 } },
      { modules_to_save: ['lm_head'] },
      { layers_to_transform: [0] },
      { trainable_token_indices: [7] },
      { target_parameters: ['experts.weight'] },
      { alora_invocation_tokens: [1, 2] },
      { init_lora_weights: 'pissa_niter_16' },
      { target_modules: '.*' },
    ]) {
      const broken = withConfig(change);
      expect(await codeOf(broken), JSON.stringify(change)).toBe('adapter-unsupported');
      // Whoever starts from an adapter asks for its space first.
      if (!('target_modules' in change))
        expect(() => peftSpace(broken['adapter_config.json'])).toThrow(/not supported/);
    }
  });

  it('has a tensor too few, too many, or of another shape', async () => {
    expect(await codeOf(withTensors((tensors) => tensors.slice(1)))).toBe('adapter-missing-tensor');
    const extra = { name: 'base_model.model.lm_head.lora_A.weight', shape: [1], values: Float32Array.of(1) };
    expect(await codeOf(withTensors((tensors) => [...tensors, extra]))).toBe('adapter-extra-tensor');
    const turned = (tensors: Tensor[]) => tensors.map((tensor) => ({ ...tensor, shape: [...tensor.shape].reverse() }));
    expect(await codeOf(withTensors(turned))).toBe('adapter-wrong-shape');
  });

  it('is broken', async () => {
    expect(await codeOf({ ...files, 'adapter_config.json': '{' })).toBe('adapter-unreadable');
    expect(await codeOf({ ...files, 'adapter_model.safetensors': new Uint8Array(5) })).toBe('adapter-unreadable');
    const cut = files['adapter_model.safetensors'].slice(0, -1);
    expect(await codeOf({ ...files, 'adapter_model.safetensors': cut })).toBe('adapter-unreadable');
    const poison = (tensors: Tensor[]) =>
      tensors.map((tensor) => ({ ...tensor, values: tensor.values.map(() => Number.NaN) }));
    expect(await codeOf(withTensors(poison))).toBe('adapter-not-finite');
    expect(() =>
      exportPeft(
        layout,
        theta.map(() => Number.NaN),
        { baseModel: 'x' },
      ),
    ).toThrow(AdapterError);
    expect(() => exportPeft(layout, theta.slice(1), { baseModel: 'x' })).toThrow(AdapterError);
  });
});

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

function headerOf(files: PeftFiles): Record<string, { shape: number[]; data_offsets: [number, number] }> {
  const bytes = files['adapter_model.safetensors'];
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
}

function tensorsOf(files: PeftFiles): Tensor[] {
  const { __metadata__, ...entries } = headerOf(files);
  const bytes = files['adapter_model.safetensors'];
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return Object.entries(entries).map(
    ([
      name,
      {
        shape,
        data_offsets: [from, to],
      },
    ]) => ({
      name,
      shape,
      values: new Float32Array(bytes.slice(start + from, start + to).buffer),
    }),
  );
}
