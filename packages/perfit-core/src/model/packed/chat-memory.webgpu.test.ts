import { buildLayout, initialTheta, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { PUBLISHED_CONFIGS } from '../../catalogue/published-configs.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { AdapterTensors } from '../adapter-tensors.ts';
import { dimensions, parseModelConfig } from '../config.ts';
import type { LanguageModel } from '../language-model.ts';
import { loadModel } from '../load-model.ts';
import { syntheticSource } from '../synthetic-source.ts';
import { predictChatBytes } from './chat-memory.ts';

const space = { rank: 8, alpha: 8, targets: PROJECTIONS };

describe('predictChatBytes', () => {
  const config = parseModelConfig(JSON.stringify(PUBLISHED_CONFIGS['qwen2.5-0.5b']));
  const predict = (contextLength: number) => predictChatBytes(config, { held: 'int8', contextLength });

  it('counts a cache of two vectors of K·d a layer and token', () => {
    expect(predict(1024).cache).toBe(4 * 2 * 24 * 2 * 64 * 1024);
  });

  it('takes more for a longer context, and for an adapter', () => {
    expect(predict(2048).total).toBeGreaterThan(predict(1024).total);
    const layout = buildLayout(dimensions(config), space);
    const adapted = predictChatBytes(config, { held: 'int8', contextLength: 1024, layout });
    expect(adapted.total - predict(1024).total).toBeGreaterThan(4 * layout.size);
  });
});

describe('on the device', needsWebGpu, () => {
  beforeAll(startWebGpu);
  const small = {
    model_type: 'qwen2',
    hidden_size: 64,
    intermediate_size: 160,
    num_hidden_layers: 3,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 600,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
  };
  const cases = [
    { name: 'f16, a prompt and some words', precision: 'f16', prompt: 70, tokens: 90, adapted: false },
    { name: 'int8, through an adapter', precision: 'int8', prompt: 30, tokens: 10, adapted: true },
    { name: 'f32, a long prompt', precision: 'f32', prompt: 300, tokens: 20, adapted: false },
  ] as const;

  it.each(cases)(
    '$name: the prediction is within a tenth of what is allocated',
    async ({ precision, prompt, tokens, adapted }) => {
      WgslRunner.current().trimPool();
      const before = allocated();
      const model = await loadModel(syntheticSource(small), { precision });
      const layout = adapted ? model.layout(space) : null;
      const adapter = layout && AdapterTensors.fromTheta(layout, initialTheta(layout, 1));
      const contextLength = prompt + tokens;
      await reply(model, adapter, { prompt, tokens });
      const predicted = predictChatBytes(model.config, {
        held: precision,
        contextLength,
        promptLength: prompt,
        ...(layout ? { layout } : {}),
      });
      const ratio = (allocated() - before) / predicted.total;
      expect(ratio).toBeGreaterThan(0.9);
      expect(ratio).toBeLessThan(1.1);
      adapter?.dispose();
      model.dispose();
    },
    120_000,
  );

  it('holds after a conversation of many lengths what its last reply takes', async () => {
    const model = await loadModel(syntheticSource(small), { precision: 'f16' });
    await reply(model, null, { prompt: 40, tokens: 8 });
    const first = allocated();
    for (const prompt of [200, 120, 300, 80]) await reply(model, null, { prompt, tokens: 8 });
    await reply(model, null, { prompt: 40, tokens: 8 });
    // The rotary tables have grown, and stay.
    expect(allocated()).toBeLessThan(1.15 * first);
    model.dispose();
  }, 120_000);
});

async function reply(
  model: LanguageModel,
  adapter: AdapterTensors | null,
  { prompt, tokens }: { prompt: number; tokens: number },
): Promise<void> {
  const cache = model.createCache(prompt + tokens);
  let ids = Array.from({ length: prompt }, (_, i) => (i * 7) % 600);
  for (let i = 0; i <= tokens; i++) {
    const logits = model.nextLogits(adapter, ids, cache);
    await logits.data();
    logits.dispose();
    ids = [i % 600];
  }
  cache.dispose();
}

function allocated(): number {
  return (tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU;
}
