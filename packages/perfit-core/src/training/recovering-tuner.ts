import type { LocalTuner, TuningSettings } from '@perfit/protocol/tuner';
import { afterWasmFailure } from '../backend/wasm-backend.ts';
import { BackendError } from '../backend-error.ts';
import { DeviceWatch } from '../wgsl/device-watch.ts';
import { mapProgress } from './map-progress.ts';
import { SearchLog } from './search-log.ts';
import { TuningLog } from './tuning-log.ts';

/** A tuner on a device. */
export interface OpenedTuner {
  readonly tuner: LocalTuner;
  /** Frees the model, also where its device is lost. */
  readonly dispose: () => void;
}

export interface RecoveringTunerOptions {
  /**
   * Starts the backend and loads the model: called at the start and after every loss. What it gives is always alike.
   * @param share of the memory that it may plan with: less than 1 after WebAssembly's did not suffice
   */
  readonly open: (share: number) => Promise<OpenedTuner>;
  /** No row is longer; for the sentence where the device has no memory left. */
  readonly maxLength: number;
  /** Called as soon as a device is lost and the work goes on; the model is loaded after it. */
  readonly onRecovery?: (recovery: Recovery) => void;
  /** Milliseconds of a clock, for how often a device may be lost; `performance.now` where absent. */
  readonly now?: () => number;
  /** Before a device is started again that did not come back at once; a timer where absent. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

export interface Recovery {
  /** The loss: a code and a sentence. */
  readonly error: BackendError;
  /** A sentence: what the work goes on from. */
  readonly goingOn: string;
}

export interface RecoveringTuner extends LocalTuner {
  /** Frees the model. */
  dispose(): void;
}

const maxRecoveries = 3;
const recoveryWindowMs = 10 * 60_000;
/** What of the memory is planned with where it did not suffice. */
const SMALLER = 0.75;
/** After a crash the browser needs a while until it has a device again. */
const secondTryMs = 3_000;

/** One piece of work, as far as a loss is concerned. */
interface Work {
  /** What it goes on from after a loss: the end of a sentence. */
  readonly from: () => string;
  /** Rows of a batch, where the settings say it. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A tuner that survives the loss of its device: it is opened anew, and the work goes on from its last checkpoint to the
 * result that it would have had, to the bit where the new device computes alike. Steps that are done again are not told
 * again. Where WebAssembly's memory did not suffice, it is opened with a plan for less. After three losses within ten minutes
 * the next one is thrown; so is a lack of memory on a graphics processor, with what takes less.
 * @throws BackendError, and whatever `open` throws
 */
export async function recoveringTuner(options: RecoveringTunerOptions): Promise<RecoveringTuner> {
  const { now = () => performance.now(), wait = timer } = options;
  const lossTimes: number[] = [];
  let opened: OpenedTuner | null = null;
  let share = 1;

  function letGo(): void {
    opened?.dispose();
    opened = null;
  }

  /** After an error: returns where the work can be taken up again. @throws what ends it */
  async function survive(thrown: unknown, { from, batchSize, signal }: Work): Promise<void> {
    if (signal?.aborted) throw thrown;
    const error = deviceFailure(afterWasmFailure(thrown));
    const isBroken = isFailure(error, 'device-wasm-memory');
    const isAbsent = isFailure(error, 'device-no-webgpu') && opened === null && lossTimes.length > 0;
    if (isFailure(error, 'device-out-of-memory')) {
      letGo();
      throw withAdvice(error, { maxLength: options.maxLength, batchSize });
    }
    if (!isFailure(error, 'device-lost') && !isAbsent && !isBroken) throw error;
    letGo();
    const at = now();
    if (lossTimes.filter((time) => at - time < recoveryWindowMs).length >= maxRecoveries) {
      throw isBroken ? withAdvice(error, { maxLength: options.maxLength, batchSize }) : tooOften(error);
    }
    lossTimes.push(at);
    if (isBroken) share *= SMALLER;
    options.onRecovery?.({
      error,
      goingOn: `Going on ${from()} ${isBroken ? 'with less at a time' : 'on a new one'}.`,
    });
    if (isAbsent) await wait(secondTryMs);
    signal?.throwIfAborted();
  }

  async function current(): Promise<LocalTuner> {
    opened ??= await options.open(share);
    return opened.tuner;
  }

  async function surviving<Result>(run: (tuner: LocalTuner) => Promise<Result>, work: Work): Promise<Result> {
    for (;;) {
      try {
        return await run(await current());
      } catch (error) {
        await survive(error, work);
      }
    }
  }

  async function* survivingSteps<Progress, Result>(
    run: (tuner: LocalTuner) => AsyncGenerator<Progress, Result>,
    work: Work,
  ): AsyncGenerator<Progress, Result> {
    for (;;) {
      try {
        return yield* run(await current());
      } catch (error) {
        await survive(error, work);
      }
    }
  }

  async function* tune(
    start: Parameters<LocalTuner['tune']>[0],
    settings: TuningSettings,
    signal?: AbortSignal,
  ): ReturnType<LocalTuner['tune']> {
    const log = new TuningLog(start);
    const result = yield* survivingSteps(
      (tuner) => mapProgress(tuner.tune(log.start, settings, signal), (progress) => log.note(progress)),
      { from: () => `from step ${log.start.checkpoint?.step ?? 0}`, batchSize: settings.batchSize, signal },
    );
    return log.completed(result);
  }

  const { layout, examples } = await surviving(async (tuner) => tuner, { from: () => 'with the model' });
  return {
    layout,
    examples,
    dispose: letGo,
    perplexity: (theta, signal, on) =>
      surviving((tuner) => tuner.perplexity(theta, signal, on), { from: () => 'with the evaluation', signal }),
    heldOutLosses: (theta, signal) =>
      surviving((tuner) => tuner.heldOutLosses(theta, signal), { from: () => 'with the evaluation', signal }),
    measureSpeed: (signal) =>
      surviving((tuner) => tuner.measureSpeed(signal), { from: () => 'with measuring its speed', signal }),
    tune,
    async *search(start, settings, signal) {
      const log = new SearchLog(start);
      return yield* survivingSteps(
        (tuner) => mapProgress(tuner.search(log.start, settings, signal), (progress) => log.note(progress)),
        { from: () => log.from, batchSize: settings.tuning.batchSize, signal },
      );
    },
  };
}

/** On a device that fails, calls may throw whatever they like before anything awaits it. */
function deviceFailure(thrown: unknown): unknown {
  return thrown instanceof BackendError ? thrown : (DeviceWatch.latest?.failure ?? thrown);
}

function isFailure(error: unknown, code: BackendError['code']): error is BackendError {
  return error instanceof BackendError && error.code === code;
}

function tooOften(error: BackendError): BackendError {
  const often = `This happened ${maxRecoveries + 1} times within ten minutes: the work stops here`;
  return new BackendError(error.code, `${error.message} ${often}. What is saved so far stays.`, { cause: error });
}

function withAdvice(error: BackendError, at: { maxLength: number; batchSize?: number | undefined }): BackendError {
  const batch = at.batchSize === undefined ? '' : `fewer than ${at.batchSize} of them in a batch, `;
  const advice = `Less is taken by examples that are shorter than ${at.maxLength} tokens, ${batch}weights of a lower precision, or a smaller model. What is saved so far stays.`;
  return new BackendError(error.code, `${error.message} ${advice}`, { cause: error });
}

function timer(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
