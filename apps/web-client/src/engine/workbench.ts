import {
  AdapterTensors,
  chat,
  httpSource,
  type LanguageModel,
  loadModel,
  loadTokenizer,
  type ModelSource,
  type Tokenizer,
  type TuningWish,
} from '@perfit/core';
import { type PersonalModule, personalModule } from '@perfit/federation';
import type { Layout, Mask } from '@perfit/protocol/space';
import { FailureError } from '../shared/failure/failure.ts';
import type { SessionState } from '../shared/session/session-state.ts';
import type { ChatMessage, ChatOptions, ChatReply, Seat } from './engine-api.ts';
import type { PersonalModel } from './exports.ts';
import { loadRecord } from './storage/client-records.ts';

interface BaseModel {
  /** Relative to the coordinator's origin, which is this page's. */
  readonly path: string;
  /** Read again where the whole model is taken away. */
  readonly source: ModelSource;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
}

interface ChatAsked {
  readonly messages: readonly ChatMessage[];
  readonly which: 'base' | 'personal';
  readonly options: ChatOptions;
}

interface LoadOptions {
  readonly onProgress: (bytes: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** What is to be tuned, on a graphics processor: loaded so that it fits, or refused. */
  readonly wish?: TuningWish | null;
}

/** What lies on the device: the base model, and the personal module of the seat that is open. */
export class Workbench {
  #base: BaseModel | null = null;
  #backend: string | null = null;
  #layout: Layout | null = null;
  #module: PersonalModule | null = null;
  mask: Mask | null = null;

  get ready(): SessionState['models'] {
    if (!this.#base) return { base: false, personal: null };
    const { round, of } = this.#module ?? {};
    return { base: true, personal: round === undefined ? null : { round, ...(of ? { of } : {}) } };
  }

  get layout(): Layout | null {
    return this.#layout;
  }

  /** What was made on one backend is of no use on another. */
  moveTo(backend: string): void {
    if (this.#backend !== backend) this.clear();
    this.#backend = backend;
  }

  /** The model stays until another one is asked for. @throws ModelError, WeightsError, TokenizerError */
  async load(path: string, { onProgress, signal, wish }: LoadOptions): Promise<BaseModel> {
    if (this.#base?.path === path) return this.#base;
    this.clear();
    const address = new URL(path, globalThis.location.origin).href;
    const source = httpSource(address, signal ? { signal } : {});
    const tokenizer = await loadTokenizer(source);
    const model = await loadModel(source, { onProgress, ...(signal ? { signal } : {}), ...(wish ? { wish } : {}) });
    // Whoever stops the load stops no later reading with it.
    this.#base = { path, source: httpSource(address), model, tokenizer };
    return this.#base;
  }

  /** Takes up what this browser keeps of a seat, where it is in this layout. */
  async open(seat: Seat, layout: Layout): Promise<void> {
    const record = await loadRecord(seat);
    const personal = record && personalModule(record);
    this.#layout = layout;
    this.#module = personal?.theta.length === layout.size ? personal : null;
    this.mask = record?.mask?.size === layout.size ? record.mask : null;
  }

  /** The personal module, chosen anew. */
  take(module: PersonalModule): void {
    this.#module = module;
  }

  /** The device is lost, and the base model with it. Whoever works with the model discards what is left of it. */
  lose(): void {
    this.#base = null;
  }

  /** Frees a model, which is not given out again. */
  discard(model: LanguageModel): void {
    if (this.#base?.model === model) this.#base = null;
    model.dispose();
  }

  /** Frees the device. */
  clear(): void {
    this.#base?.model.dispose();
    this.#base = null;
    this.#module = null;
    this.#layout = null;
    this.mask = null;
  }

  /** One reply. @param signal stops it; the text so far stands @throws GenerationError, ChatTemplateError */
  async chat(
    { messages, which, options }: ChatAsked,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<ChatReply> {
    const { model, tokenizer } = this.#mustHaveBase();
    const adapter = which === 'personal' ? this.#personalAdapter() : null;
    const pieces = chat({ model, adapter, tokenizer, messages }, options);
    let text = '';
    let tokens = 0;
    try {
      for (;;) {
        const next = await pieces.next();
        if (next.done) return { text, tokens, reason: next.value.reason };
        text += next.value.text;
        tokens++;
        onText(next.value.text);
        if (signal.aborted) return { text, tokens, reason: 'stopped' };
      }
    } finally {
      await pieces.return(undefined as never);
      adapter?.dispose();
    }
  }

  /** [PF9] What is taken away. @throws FailureError `not-ready` */
  personalModel(): PersonalModel {
    const { layout, theta, path, source, tokenizer } = this.#personal();
    // The folder's name: where the base model is on the person's machine, only they know.
    const baseModel = path.split('/').filter(Boolean).at(-1) ?? path;
    return { source, tokenizer, baseModel, revision: null, layout, theta, mask: this.mask };
  }

  /** The caller disposes it. */
  #personalAdapter(): AdapterTensors {
    const { layout, theta } = this.#personal();
    return AdapterTensors.fromTheta(layout, theta);
  }

  #mustHaveBase(): BaseModel {
    if (this.#base) return this.#base;
    throw new FailureError({ code: 'not-ready', message: 'The model is not loaded yet.' });
  }

  #personal() {
    if (!this.#base || !this.#layout || !this.#module) {
      throw new FailureError({
        code: 'not-ready',
        message: 'There is no personal model yet: it comes with the first tuning.',
      });
    }
    return { ...this.#base, layout: this.#layout, theta: this.#module.theta };
  }
}
