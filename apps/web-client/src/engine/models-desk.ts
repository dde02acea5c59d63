import {
  AdapterTensors,
  fileSource,
  httpSource,
  importPeft,
  loadModel,
  loadTokenizer,
  type ModelSource,
  makeBatches,
  parseDataset,
  peftSpace,
  perplexity,
  tokenizeExamples,
} from '@perfit/core';
import type { Layout } from '@perfit/protocol/space';
import { FailureError } from '../shared/failure/failure.ts';
import type { Backend } from './backend.ts';
import { outcomeOf } from './failures.ts';
import { readContent } from './local-data.ts';
import type { EvaluationWish, ModelOrigin, ModelProgress, ModelsApi, ModelWish, OpenedModel } from './models-api.ts';
import type { Workbench } from './workbench.ts';

interface Parts {
  readonly backend: Backend;
  readonly workbench: Workbench;
  /** Somebody takes part in this tab. */
  readonly isTaken: () => boolean;
}

/** Models outside a federation, fetched each time. */
export function modelsDesk({ backend, workbench, isTaken }: Parts): ModelsApi {
  let loading: AbortController | null = null;
  let adapter: { layout: Layout; theta: Float32Array } | null = null;

  async function open({ origin, precision }: ModelWish, onProgress: (progress: ModelProgress) => void) {
    if (isTaken()) throw notReady('Somebody takes part in this tab: open the model in another one.');
    loading?.abort();
    const mine = new AbortController();
    loading = mine;
    const device = await backend.any();
    workbench.moveTo(device.backend);
    workbench.clear();
    adapter = null;
    const source = sourceOf(origin, mine.signal);
    const began = performance.now();
    const tokenizer = await loadTokenizer(source);
    const model = await loadModel(source, {
      ...(precision ? { precision } : {}),
      signal: mine.signal,
      onProgress: (bytes, total) => {
        const bytesPerSecond = (1000 * bytes) / (performance.now() - began);
        const secondsLeft = (total - bytes) / bytesPerSecond;
        onProgress({ bytes, total, fetched: bytes, bytesPerSecond, secondsLeft });
      },
    });
    workbench.put({ path: nameOf(origin), model, tokenizer });
    const { config } = model;
    const bytes = await source.size('model.safetensors').catch(() => 0);
    return {
      name: nameOf(origin),
      revision: 'unknown',
      modelType: config.modelType,
      parameters: Math.round(bytes / 2),
      contextLength: config.contextLength,
      precision: precision ?? (bytes <= 64 << 20 ? 'f32' : 'f16'),
      backend: device.backend === 'webgpu' ? 'webgpu' : 'wasm',
      kept: false,
      notice: null,
    } satisfies OpenedModel;
  }

  async function evaluate(wish: EvaluationWish, onProgress: (done: number, of: number) => void) {
    const { base } = workbench;
    if (!base) throw notReady('The model is not loaded yet.');
    const { model, tokenizer } = base;
    const maxLength = Math.min(wish.maxLength, model.config.contextLength);
    const dataset = parseDataset(wish.name, await readContent(wish.name, wish.content));
    const { examples } = tokenizeExamples(dataset.examples, tokenizer, { maxLength });
    const batches = makeBatches(examples, { batchSize: 8, maxLength, padId: tokenizer.padId });
    const own = wish.adapted && adapter ? AdapterTensors.fromTheta(adapter.layout, adapter.theta) : null;
    onProgress(0, batches.length);
    const value = await perplexity(model, own, batches);
    onProgress(batches.length, batches.length);
    own?.dispose();
    return {
      perplexity: value,
      examples: examples.length,
      tokens: batches.reduce((sum, batch) => sum + batch.tokens, 0),
      responseTokens: batches.flatMap((batch) => Array.from(batch.labels)).filter((label) => label >= 0).length,
    };
  }

  return {
    openModel: (wish, onProgress) => outcomeOf(() => open(wish, onProgress)),
    cancelModel: () =>
      outcomeOf(() => {
        loading?.abort();
        return null;
      }),
    closeModel: () =>
      outcomeOf(() => {
        loading?.abort();
        if (!isTaken()) workbench.clear();
        return null;
      }),
    modelStorage: () =>
      outcomeOf(async () => {
        const { usage = null, quota = null } = (await navigator.storage?.estimate().catch(() => null)) ?? {};
        return { models: [], usage, quota };
      }),
    deleteModel: () => outcomeOf(() => null),
    useAdapter: (files) =>
      outcomeOf(async () => {
        const { base } = workbench;
        if (!base) throw notReady('The model is not loaded yet.');
        adapter = null;
        if (files) {
          const config = await files.config.text();
          const layout = base.model.layout(peftSpace(config));
          const bytes = new Uint8Array(await files.weights.arrayBuffer());
          const theta = await importPeft(layout, { 'adapter_config.json': config, 'adapter_model.safetensors': bytes });
          adapter = { layout, theta };
        }
        workbench.adapt(adapter?.layout ?? null, adapter?.theta ?? null);
        return null;
      }),
    evaluate: (wish, onProgress) => outcomeOf(() => evaluate(wish, onProgress)),
  };
}

function sourceOf(origin: ModelOrigin, signal: AbortSignal): ModelSource {
  switch (origin.kind) {
    case 'mirror':
      return httpSource(new URL(`/models/${origin.id}/`, globalThis.location.origin).href, { signal });
    case 'files':
      return fileSource(origin.files);
    case 'hub':
      throw notReady('This page may not fetch from the Hub.');
  }
}

function nameOf(origin: ModelOrigin): string {
  return origin.kind === 'mirror' ? origin.id : origin.kind === 'hub' ? origin.repository : origin.name;
}

function notReady(message: string): FailureError {
  return new FailureError({ code: 'not-ready', message });
}
