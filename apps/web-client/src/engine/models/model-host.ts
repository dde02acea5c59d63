import {
  AdapterTensors,
  Conversation,
  type Example,
  type LanguageModel,
  type LoadModelOptions,
  loadModel,
  loadTokenizer,
  type ObservedGet,
  type Tokenizer,
  type TuningWish,
} from '@perfit/core';
import { type PersonalModule, personalModule } from '@perfit/federation';
import type { Layout, Mask } from '@perfit/protocol/space';
import type { ChatWhich } from '../../contract/chat-api.ts';
import { FailureError } from '../../contract/failure.ts';
import type { ModelOrigin, ModelProgress } from '../../contract/models-api.ts';
import { nameOfOrigin } from '../../contract/name-of-origin.ts';
import type { Seat } from '../../contract/run-api.ts';
import type { ModuleOrigin, SessionState } from '../../contract/session/session-state.ts';
import type { PersonalModel } from '../export/exports.ts';
import { loadRecord } from '../storage/client-records.ts';
import { type ModelFiles, openFiles } from './open-files.ts';
import { ProgressMeter } from './progress-meter.ts';

export interface BaseModel {
  readonly files: ModelFiles;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
}

/** [PF8] What a person's text has that is never trained on. */
export interface HeldOutText {
  readonly examples: readonly Example[];
  /** T, as they are measured with. */
  readonly maxLength: number;
}

/** The personal module with all that it is compared by. */
export interface PersonalWork extends BaseModel {
  readonly layout: Layout;
  readonly module: PersonalModule;
  readonly heldOut: HeldOutText;
}

interface OpenConversation {
  readonly conversation: Conversation;
  /** Null for the base model. */
  readonly module: PersonalModule | null;
  readonly model: LanguageModel;
  readonly adapter: AdapterTensors | null;
}

interface LoadOptions {
  readonly onProgress: (progress: ModelProgress) => void;
  /** Told of each request for a file, and of its answer. */
  readonly onGet?: (exchange: ObservedGet) => void;
  readonly signal?: AbortSignal;
  /** How the weights are to lie on the device; a model that is there already is loaded anew for it. */
  readonly held?: Pick<LoadModelOptions, 'precision' | 'automatic'>;
  /** What is to be tuned, on a graphics processor: loaded so that it fits, or refused. */
  readonly wish?: TuningWish | null;
}

/** What lies on the device: the base model, and the personal module of the seat that is open. */
export class ModelHost {
  #base: BaseModel | null = null;
  /** Of the base model, as it was asked for. */
  #name = '';
  #backend: string | null = null;
  #layout: Layout | null = null;
  #module: PersonalModule | null = null;
  #heldOut: HeldOutText | null = null;
  readonly #conversations = new Map<ChatWhich, OpenConversation>();
  mask: Mask | null = null;

  get ready(): SessionState['models'] {
    if (!this.#base) return { base: false, personal: null };
    return { base: true, personal: this.#module && originOf(this.#module) };
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
  async load(origin: ModelOrigin, options: LoadOptions): Promise<BaseModel> {
    const { signal, held } = options;
    const name = `${origin.kind}:${nameOfOrigin(origin)}`;
    if (this.#base && this.#name === name && !held && origin.kind !== 'files') return this.#base;
    this.clear();
    const stop = new AbortController();
    const stopLoad = () => stop.abort(signal?.reason);
    signal?.addEventListener('abort', stopLoad);
    try {
      signal?.throwIfAborted();
      this.#base = await this.#read(origin, { ...options, signal: stop.signal });
      this.#name = name;
      return this.#base;
    } finally {
      // Whoever stops the load stops no later reading with it.
      signal?.removeEventListener('abort', stopLoad);
    }
  }

  async #read(origin: ModelOrigin, options: LoadOptions & { readonly signal: AbortSignal }): Promise<BaseModel> {
    const { onProgress, onGet, signal, wish, held } = options;
    const meter = new ProgressMeter();
    const onFetch = (bytes: number) => meter.addFetched(bytes);
    const files = await openFiles(origin, { signal, onFetch, ...(onGet ? { observe: onGet } : {}) });
    const { source, kept } = files;
    const tokenizer = await loadTokenizer(source);
    const model = await loadModel(source, {
      signal,
      ...(wish ? { wish } : {}),
      ...held,
      onProgress: (bytes, total) => onProgress(meter.at(bytes, total)),
    });
    try {
      await kept.complete();
    } catch (error) {
      model.dispose();
      throw error;
    }
    return { files, model, tokenizer };
  }

  get base(): BaseModel | null {
    return this.#base;
  }

  /** Null outside a federation. */
  get heldOut(): HeldOutText | null {
    return this.#heldOut;
  }

  /** Takes up what this browser keeps of a seat, where it is in this layout. */
  async open(seat: Seat, layout: Layout, heldOut: HeldOutText): Promise<void> {
    const record = await loadRecord(seat);
    this.#heldOut = heldOut;
    const personal = record && personalModule(record);
    this.#layout = layout;
    this.#module = personal?.theta.length === layout.size ? personal : null;
    this.mask = record?.mask?.size === layout.size ? record.mask : null;
  }

  /** An adapter from elsewhere takes the place of the personal module; null takes it away. */
  adopt(adapter: { readonly layout: Layout; readonly theta: Float32Array } | null): void {
    this.#layout = adapter?.layout ?? null;
    this.#module = adapter && { round: 0, theta: adapter.theta };
    this.#heldOut = null;
    this.mask = null;
  }

  /** The personal module, chosen anew. */
  take(module: PersonalModule): void {
    this.#module = module;
  }

  /** The device is lost, and the base model with it. Whoever works with the model discards what is left of it. */
  lose(): void {
    this.endConversations();
    this.#base = null;
  }

  /** Frees a model, which is not given out again. */
  discard(model: LanguageModel): void {
    if (this.#base?.model === model) {
      this.endConversations();
      this.#base = null;
    }
    model.dispose();
  }

  /** Frees the device. */
  clear(): void {
    this.endConversations();
    this.#base?.model.dispose();
    this.#base = null;
    this.#module = null;
    this.#layout = null;
    this.#heldOut = null;
    this.mask = null;
  }

  /**
   * What a model has read of a conversation, kept for the next reply until model or module are others.
   * @throws FailureError `not-ready`
   */
  conversation(which: ChatWhich): Pick<OpenConversation, 'conversation' | 'module'> {
    const { model, tokenizer } = this.assertHasBase();
    const module = which === 'personal' ? this.#personal().module : null;
    const open = this.#conversations.get(which);
    if (open?.model === model && open.module === module) return open;
    this.#endConversation(which);
    const adapter = module && this.#personalAdapter();
    const conversation = new Conversation({ model, adapter, tokenizer });
    const begun = { conversation, module, model, adapter };
    this.#conversations.set(which, begun);
    return begun;
  }

  /** Frees what was read. */
  endConversations(): void {
    for (const which of this.#conversations.keys()) this.#endConversation(which);
  }

  #endConversation(which: ChatWhich): void {
    const open = this.#conversations.get(which);
    open?.conversation.dispose();
    open?.adapter?.dispose();
    this.#conversations.delete(which);
  }

  /** [PF9] What is taken away. @throws FailureError `not-ready` */
  personalModel(): PersonalModel {
    const { layout, module, files, tokenizer } = this.#personal();
    const { theta } = module;
    const { source, name, revision, isOnHub } = files;
    return { source, tokenizer, baseModel: name, revision: isOnHub ? revision : null, layout, theta, mask: this.mask };
  }

  /** @throws FailureError `not-ready` */
  personalWork(): PersonalWork {
    const { files, model, tokenizer, layout, module } = this.#personal();
    if (this.#heldOut) return { files, model, tokenizer, layout, module, heldOut: this.#heldOut };
    throw new FailureError({ code: 'not-ready', message: 'There is no text of yours to compare the models on.' });
  }

  /** @returns null where there is none; the caller disposes it */
  adapter(): AdapterTensors | null {
    return this.#module ? this.#personalAdapter() : null;
  }

  /** The caller disposes it. */
  #personalAdapter(): AdapterTensors {
    const { layout, module } = this.#personal();
    return AdapterTensors.fromTheta(layout, module.theta);
  }

  /** @throws FailureError `not-ready` */
  assertHasBase(): BaseModel {
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
    return { ...this.#base, layout: this.#layout, module: this.#module };
  }
}

/** What the page is told of a module. */
export function originOf({ round, of }: PersonalModule): ModuleOrigin {
  return { round, ...(of ? { of } : {}) };
}
