import {
  evaluate,
  importPeft,
  type PeftFiles,
  parameterCount,
  parseDataset,
  peftSpace,
  templateNotes,
} from '@perfit/core';
import { FailureError } from '../../contract/failure.ts';
import type {
  AdapterFiles,
  Evaluation,
  EvaluationWish,
  ModelProgress,
  ModelsApi,
  ModelWish,
  OpenedModel,
} from '../../contract/models-api.ts';
import type { Backend } from '../device/backend.ts';
import { outcomeOf } from '../failures.ts';
import { readContent } from '../text/local-data.ts';
import { clearStrays, deleteModel, modelStorage } from './cached-models.ts';
import { automaticOn } from './catalogue-service.ts';
import type { ModelHost } from './model-host.ts';
import { notKept } from './not-cached.ts';

interface DeskOptions {
  readonly backend: Backend;
  readonly modelHost: ModelHost;
  /** Whether a federation has the device. */
  readonly isBusy: () => boolean;
}

/** A model outside a federation: opened from anywhere, talked to, evaluated, deleted. See {@link ModelsApi}. */
export class ModelsService {
  readonly #options: DeskOptions;
  #loading: { readonly stop: AbortController; readonly ended: Promise<unknown> } | null = null;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  async open(wish: ModelWish, onProgress: (progress: ModelProgress) => void): Promise<OpenedModel> {
    this.#assertFree();
    await this.cancel();
    const stop = new AbortController();
    const opening = this.#open(wish, onProgress, stop.signal);
    const mine = { stop, ended: opening.catch(() => {}) };
    this.#loading = mine;
    try {
      return await opening;
    } finally {
      if (this.#loading === mine) this.#loading = null;
    }
  }

  async cancel(): Promise<null> {
    this.#loading?.stop.abort(new FailureError({ code: 'not-ready', message: 'The load was stopped.' }));
    await this.#loading?.ended;
    return null;
  }

  async close(): Promise<null> {
    this.#assertFree();
    await this.cancel();
    this.#options.modelHost.clear();
    return null;
  }

  async delete(key: string): Promise<null> {
    await deleteModel(key);
    // A load that runs in another tab has named its parts before it keeps them.
    await clearStrays();
    return null;
  }

  async useAdapter(files: AdapterFiles | null): Promise<null> {
    this.#assertFree();
    const { modelHost } = this.#options;
    const { model } = modelHost.assertHasBase();
    if (!files) {
      modelHost.adopt(null);
      return null;
    }
    const peft: PeftFiles = {
      'adapter_config.json': await files.config.text(),
      'adapter_model.safetensors': new Uint8Array(await files.weights.arrayBuffer()),
    };
    const layout = model.layout(peftSpace(peft['adapter_config.json']));
    modelHost.adopt({ layout, theta: await importPeft(layout, peft) });
    return null;
  }

  async evaluate(wish: EvaluationWish, onProgress: (done: number, of: number) => void): Promise<Evaluation> {
    this.#assertFree();
    const { modelHost } = this.#options;
    const { model, tokenizer } = modelHost.assertHasBase();
    const { examples } = parseDataset(wish.name, await readContent(wish.name, wish.content));
    const adapter = wish.adapted ? modelHost.adapter() : null;
    const maxLength = Math.min(wish.maxLength, model.config.contextLength);
    try {
      return await evaluate({ model, tokenizer, adapter }, examples, { maxLength, onProgress });
    } finally {
      adapter?.dispose();
    }
  }

  async #open(
    { origin, precision }: ModelWish,
    onProgress: (progress: ModelProgress) => void,
    signal: AbortSignal,
  ): Promise<OpenedModel> {
    const { backend, modelHost } = this.#options;
    const device = await backend.any();
    modelHost.moveTo(device.backend);
    const { files, model, tokenizer } = await modelHost.load(origin, {
      onProgress,
      signal,
      held: precision ? { precision } : { automatic: (config) => automaticOn(device, config) },
    });
    modelHost.adopt(null);
    const { refusal } = files.kept;
    return {
      name: files.name,
      revision: files.revision,
      modelType: model.config.modelType,
      parameters: parameterCount(model.config),
      contextLength: model.config.contextLength,
      precision: model.precision,
      backend: device.backend,
      kept: !refusal && (await files.kept.isWhole()),
      notes: templateNotes(tokenizer),
      notice: refusal && (await notKept(files.name, refusal)).error,
    };
  }

  #assertFree(): void {
    if (!this.#options.isBusy()) return;
    throw new FailureError({
      code: 'not-ready',
      message: 'Somebody takes part in a federation in this tab: leave it first, or use another tab.',
    });
  }
}

export function modelsApi(service: ModelsService): ModelsApi {
  return {
    openModel: (wish, onProgress) => outcomeOf(() => service.open(wish, onProgress)),
    cancelModel: () => outcomeOf(() => service.cancel()),
    closeModel: () => outcomeOf(() => service.close()),
    modelStorage: () => outcomeOf(() => modelStorage()),
    deleteModel: (key) => outcomeOf(() => service.delete(key)),
    useAdapter: (files) => outcomeOf(() => service.useAdapter(files)),
    evaluate: (wish, onProgress) => outcomeOf(() => service.evaluate(wish, onProgress)),
  };
}
