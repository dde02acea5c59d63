import {
  type BackendDescription,
  createLocalTuner,
  type OpenedTuner,
  type Recovery,
  recoveringTuner,
  type TuningWish,
  takeValidation,
  tuningBudget,
} from '@perfit/core';
import {
  type ClientEvent,
  identityFromKeyPair,
  layoutOf,
  Pause,
  personalModule,
  runClient,
  socketConnection,
} from '@perfit/federation';
import type { FederationDescriptor } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import { io } from 'socket.io-client';
import type { EngineEvent } from '../../contract/engine-event.ts';
import { FailureError } from '../../contract/failure.ts';
import type { Seat } from '../../contract/run-api.ts';
import { type Backend, describe } from '../device/backend.ts';
import { settleChoices } from '../device/choices.ts';
import { toFailure } from '../failures.ts';
import type { AnswerService } from '../models/answer-service.ts';
import type { ModelHost } from '../models/model-host.ts';
import { notKept } from '../models/not-cached.ts';
import { mirrored } from '../models/open-files.ts';
import { type ClientRecords, clientRecords } from '../storage/client-records.ts';
import { onStorageCleared } from '../storage/database.ts';
import { keysOf, putKeysBack } from '../storage/identities.ts';
import type { StoredSession } from '../storage/stored-sessions.ts';
import { prepareExamples } from '../text/local-data.ts';
import { browserClock } from './browser-clock.ts';
import { adaptedModules, densityMap } from './density-map.ts';
import type { Journal } from './journal.ts';
import { WaitingAnswers } from './waiting-answers.ts';

/** Software and version, for the operator's eyes. */
export const AGENT = 'perfit-web-client 0.1.0';

export type RunEnd = 'finished' | 'left' | 'moved' | 'replaced';

/** One client at work, from the start or a reload until it ends: everything between the journal and the coordinator. */
export class ClientRun {
  readonly journal: Journal;
  readonly #seat: Seat;
  readonly #options: StoredSession['options'];
  readonly #consent: StoredSession['consent'];
  readonly #backend: Backend;
  readonly #modelHost: ModelHost;
  readonly #pause = new Pause();
  readonly #twinPause = new Pause();
  /** The person wants to know what tuning alone comes to. */
  #isCompared: boolean;
  readonly #waitingAnswers: WaitingAnswers;
  readonly #leaving = new AbortController();
  /** Ends what listens for the run. */
  readonly #over = new AbortController();
  #hangUp: () => void = () => {};
  #end: RunEnd | null = null;
  /** The device that the page has been shown. */
  #shown: BackendDescription | null = null;
  /** The mask that the page has been shown. */
  #mapped: Mask | null = null;

  constructor(parts: {
    seat: Seat;
    options: StoredSession['options'];
    consent: StoredSession['consent'];
    journal: Journal;
    backend: Backend;
    modelHost: ModelHost;
    answers: AnswerService;
  }) {
    this.#seat = parts.seat;
    this.#options = parts.options;
    this.#consent = parts.consent;
    this.journal = parts.journal;
    this.#backend = parts.backend;
    this.#modelHost = parts.modelHost;
    // A tab that comes back is as paused as it went.
    if (parts.journal.session.pause !== 'off') this.#pause.hold();
    this.#isCompared = parts.options.compare ?? false;
    if (!this.#isCompared) this.#twinPause.hold();
    this.#waitingAnswers = new WaitingAnswers({
      answers: parts.answers,
      how: () => (this.#pause.isHeld ? 'off' : this.journal.session.answering),
      tell: (event) => this.journal.emit(event),
      // Both would take their turns on one device, a token against a step.
      onWorking: (isWorking) => this.#holdTwin(isWorking),
      timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    });
  }

  setCompared(isWanted: boolean): void {
    if (isWanted === this.#isCompared) return;
    this.#isCompared = isWanted;
    this.#holdTwin(this.#waitingAnswers.isWorking);
    this.journal.noteCompared(isWanted);
  }

  #holdTwin(isForAnswers: boolean): void {
    const isHeld = isForAnswers || !this.#isCompared;
    if (isHeld === this.#twinPause.isHeld) return;
    if (isHeld) this.#twinPause.hold();
    else this.#twinPause.release();
  }

  setAnswering(isWanted: boolean): void {
    if (!isWanted) this.#waitingAnswers.stop();
    this.journal.emit({ type: 'answering', how: isWanted ? 'on' : 'off' });
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.#pause.isHeld) return;
    if (isPaused) {
      this.#pause.hold();
      this.#waitingAnswers.stop();
    } else this.#pause.release();
    this.journal.emit({ type: 'pause-asked', isPaused });
  }

  /** `left` says goodbye to the coordinator; after the others the client's round goes on elsewhere or later. */
  stop(end: RunEnd): void {
    this.#end ??= end;
    if (end !== 'left') this.#hangUp();
    this.#leaving.abort();
  }

  /** @throws whatever ended the client; it has been told to the journal */
  async run(): Promise<RunEnd> {
    try {
      for await (const event of await this.#client()) this.#tell(event);
    } catch (error) {
      const failure = toFailure(error);
      // Whoever stops a client while it loads interrupts the loading: that is no failure.
      if (this.#end === null) {
        this.journal.emit({ type: 'failed', error: failure });
        throw new FailureError(failure);
      }
    } finally {
      this.#over.abort();
      this.#waitingAnswers.stop();
    }
    const end = this.#end ?? 'finished';
    if (this.journal.session.endedAt === null && end !== 'finished') {
      this.journal.emit({ type: 'left', reason: end === 'replaced' ? 'replaced' : 'asked' });
    }
    return end;
  }

  async #client(): Promise<AsyncGenerator<ClientEvent>> {
    const { journal } = this;
    const { name, invite, shareEvaluation, maxDensity } = this.#options;
    const consent = this.#consent;
    journal.emit({ type: 'started', name, federation: this.#seat.federation });
    journal.emit({ type: 'compare', isWanted: this.#isCompared });
    const device = await this.#device();
    const socket = io({ transports: ['websocket'], autoConnect: false, reconnection: false, forceNew: true });
    const connection = socketConnection(socket, (message) => journal.ledger.write(message));
    this.#hangUp = () => connection.close();
    // Sooner than its next attempt.
    globalThis.addEventListener('online', () => connection.connect(), { signal: this.#over.signal });
    const keys = await keysOf(this.#seat);
    const records = clientRecords(this.#seat, (record) => {
      const { mask } = record;
      const personal = personalModule(record);
      if (personal) this.#modelHost.take(personal);
      if (mask) {
        this.#modelHost.mask = mask;
        this.#tellMask(mask);
      }
      this.#tellModels();
    });
    const stopListening = onStorageCleared(() => void this.#keepAgain(keys, records));
    this.#over.signal.addEventListener('abort', stopListening);
    return runClient({
      connection,
      identity: await identityFromKeyPair(keys),
      store: records,
      tuner: (descriptor) => this.#tuner(descriptor),
      federation: this.#seat.federation,
      ...(invite ? { invite } : {}),
      name,
      agent: AGENT,
      device: { backend: device.backend, description: describe(device) },
      shareEvaluation,
      ...(consent ? { consent: { version: consent.version, at: new Date(consent.at).toISOString() } } : {}),
      ...(maxDensity === undefined ? {} : { maxDensity }),
      clock: browserClock,
      random: Math.random,
      pause: this.#pause,
      twin: 'waiting',
      twinPause: this.#twinPause,
      signal: this.#leaving.signal,
    });
  }

  /** All that this browser kept was deleted while the client works: what it needs to come back is in its memory. */
  async #keepAgain(keys: CryptoKeyPair, records: ClientRecords): Promise<void> {
    try {
      await putKeysBack(this.#seat, keys);
      await records.putBack();
      await this.journal.keep();
      await this.journal.ledger.putBack();
      this.journal.emit({
        type: 'problem',
        error: {
          code: 'storage-cleared',
          message: 'What this browser kept of this site was deleted while the tab was at work.',
        },
        retry:
          'Key, text and progress were kept again from memory; the model’s files are fetched again at the next visit.',
      });
    } catch (error) {
      this.journal.emit({
        type: 'problem',
        error: toFailure(error),
        retry: 'Work goes on from memory; a reload would begin anew.',
      });
    }
  }

  async #device(): Promise<BackendDescription> {
    const { backend, threads } = this.#options;
    const device = await this.#backend.start({ backend, ...(threads === undefined ? {} : { threads }) });
    this.#modelHost.moveTo(device.backend);
    if (device !== this.#shown) {
      const { reason } = device;
      this.journal.emit({ type: 'device', backend: device.backend, description: describe(device), reason });
      this.#shown = device;
    }
    return device;
  }

  /** Model and text, once the coordinator has let the client in. A lost device is replaced while the client works. */
  async #tuner({ config, modelPath }: FederationDescriptor) {
    const { journal } = this;
    const signal = this.#leaving.signal;
    journal.emit({ type: 'loading', stage: 'model' });
    const { model, tokenizer, files } = await this.#modelHost.load(mirrored(modelPath), {
      onProgress: (progress) => journal.emit({ type: 'loading', stage: 'model', ...progress }),
      onGet: (exchange) => journal.ledger.writeFetch(exchange),
      signal,
      wish: wishOf(config, await this.#device()),
    });
    journal.noteDimensions(model.dimensions);
    const { refusal } = files.kept;
    if (refusal) journal.emit({ type: 'problem', ...(await notKept(files.name, refusal)) });
    journal.emit({ type: 'loading', stage: 'text' });
    const maxLength = Math.min(config.tuning.maxLength, model.config.contextLength);
    const { heldOut, heldOutTexts, question, ...examples } = prepareExamples(this.#options.dataset, tokenizer, {
      heldOut: config.evaluation.heldOut,
      seed: config.seed,
      maxLength,
    });
    const share = config.evaluation.validation;
    const { training, validation } = takeValidation(examples.training, { share, seed: config.seed });
    journal.emit({ type: 'examples', training: training.length, heldOut: heldOut.length, question });
    const layout = layoutOf(config, model.dimensions);
    const parts = { layout, training, validation, heldOut, batching: { maxLength, padId: tokenizer.padId } };
    const open = async (share: number): Promise<OpenedTuner> => {
      const device = await this.#device();
      // While it works again, the page goes on to show what is done: there it is not loading.
      const wish = wishOf(config, device, share);
      const { model } = await this.#modelHost.load(mirrored(modelPath), { onProgress: () => {}, signal, wish });
      const { width: inWidth, feedForwardWidth } = model.dimensions;
      const rows = config.tuning.batchSize * maxLength;
      await settleChoices(device, { rows, inWidth, outWidth: 2 * feedForwardWidth, rank: layout.rank });
      await this.#modelHost.open(this.#seat, layout, { examples: heldOutTexts, maxLength });
      journal.emit({ type: 'space', adapted: adaptedModules(layout) });
      if (this.#modelHost.mask) this.#tellMask(this.#modelHost.mask);
      this.#tellModels();
      return { tuner: createLocalTuner({ model, ...parts }), dispose: () => this.#modelHost.discard(model) };
    };
    journal.emit({ type: 'loading', stage: 'tuner' });
    return await recoveringTuner({ open, maxLength, onRecovery: (recovery) => this.#tellRecovery(recovery) });
  }

  #tellRecovery({ error, goingOn }: Recovery): void {
    this.#tellModels();
    this.journal.emit({ type: 'problem', error: toFailure(error), retry: goingOn });
  }

  #tell(event: ClientEvent): void {
    // Why it stops here is told at the end: the loop knows only that it was asked to.
    if (event.type === 'left' && this.#end !== null && this.#end !== 'left') return;
    if (event.type === 'left') this.#end ??= event.reason === 'replaced' ? 'replaced' : 'left';
    this.journal.emit(asEngineEvent(event));
    this.#waitingAnswers.follow(event);
  }

  #tellModels(): void {
    const { ready } = this.#modelHost;
    const { models } = this.journal.session;
    const isSame =
      ready.base === models.base &&
      ready.personal?.round === models.personal?.round &&
      ready.personal?.of === models.personal?.of;
    if (!isSame) this.journal.emit({ type: 'models', ...ready });
  }

  #tellMask(mask: Mask): void {
    const { layout } = this.#modelHost;
    if (mask === this.#mapped || !layout) return;
    this.#mapped = mask;
    this.journal.emit({ type: 'mask-map', cells: densityMap(layout, mask) });
  }
}

/** Plain data: an exception would lose its code on the way to the page. */
function asEngineEvent(event: ClientEvent): EngineEvent {
  return event.type === 'problem' ? { ...event, error: event.error.toBody() } : event;
}

/** What the model must fit together with. */
function wishOf(config: FederationDescriptor['config'], device: BackendDescription, share = 1): TuningWish {
  const { batchSize, maxLength } = config.tuning;
  return {
    layout: (dimensions) => layoutOf(config, dimensions),
    batchSize,
    maxLength,
    ...tuningBudget(device, share),
  };
}
