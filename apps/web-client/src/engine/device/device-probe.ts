import {
  type BackendDescription,
  CATALOGUE,
  deviceBudget,
  type Fit,
  fits,
  type MatrixFormats,
  type ModelConfig,
  ModelError,
  memoryNeeds,
  mirrorSource,
  planTuning,
  probeSpeed,
  workPerToken,
} from '@perfit/core';
import { layoutOf } from '@perfit/federation';
import { FailureError } from '../../contract/failure.ts';
import type { DeviceProbe, ProbeApi, ProbeWish } from '../../contract/probe-api.ts';
import { outcomeOf } from '../failures.ts';
import { needsOf, tuningOnProcessor } from '../models/catalogue-service.ts';
import { describedModel } from '../models/described-model.ts';
import { type Backend, deviceReport } from './backend.ts';

/** Rows of a batch that are enough to fill a device, and few enough to be made in no time. */
const MAX_ROWS = 1024;

/** Measures this device on the shapes of a federation's model, and says what it can hold. One at a time: the last. */
export class DeviceProbes {
  readonly #backend: Backend;
  readonly #isBusy: () => boolean;
  #running: AbortController | null = null;

  constructor(backend: Backend, isBusy: () => boolean) {
    this.#backend = backend;
    this.#isBusy = isBusy;
  }

  /** The device is needed. */
  stop(): void {
    this.#running?.abort(given);
  }

  /** @throws FailureError `not-ready`   @throws BackendError, ModelError, WeightsError */
  async measure({ device: wish, federation }: ProbeWish): Promise<DeviceProbe> {
    this.stop();
    const mine = new AbortController();
    this.#running = mine;
    const { config, modelPath } = federation;
    const device = await this.#backend.start(wish);
    const source = mirrorSource(new URL(modelPath, globalThis.location.origin).href);
    const { config: model, inFile } = await describedModel(source);
    if (this.#isBusy()) this.stop();
    mine.signal.throwIfAborted();
    const { batchSize, maxLength } = config.tuning;
    const rows = Math.min(batchSize * maxLength, MAX_ROWS);
    const held = tuned({ model, inFile }, federation, device);
    const { width: inWidth, feedForwardWidth: outWidth } = model;
    const shape = {
      rows,
      inWidth,
      outWidth,
      precision: held.precision === 'file' ? 'int4' : (held.precision ?? 'int4'),
    };
    const speed = await probeSpeed(shape, { signal: mine.signal });
    return { device: await deviceReport(device), speed, model: held, most: maxOf(device) };
  }
}

const given = new FailureError({
  code: 'not-ready',
  message: 'The measurement was given up: this tab had other work to do.',
});

/** How the federation's model would lie on the device, and what a token of it costs there. */
function tuned(
  { model, inFile }: { model: ModelConfig; inFile: MatrixFormats | null },
  { config, modelBytes, layoutSize: adapterSize }: ProbeWish['federation'],
  { limits }: BackendDescription,
): DeviceProbe['model'] {
  const length = Math.min(config.tuning.maxLength, model.contextLength);
  const { batchSize } = config.tuning;
  const layout = (dimensions: Parameters<typeof layoutOf>[1]) => layoutOf(config, dimensions);
  const workOf = (checkpointing: boolean) => workPerToken(model, { adapterSize, length, checkpointing });
  if (!limits) {
    const { fit, plan } = tuningOnProcessor(model, { layout, batchSize, maxLength: length }, inFile);
    return { fit, precision: plan?.precision ?? null, work: workOf(plan?.checkpointing ?? true) };
  }
  const budget = deviceBudget(limits);
  try {
    const plan = planTuning(model, { layout, batchSize, maxLength: length, budget }, { fileBytes: modelBytes, inFile });
    if (!plan) return { fit: unknownFit, precision: 'f32', work: workOf(false) };
    const { precision, checkpointing, rowsAtOnce } = plan;
    const held = precision === 'file' ? (inFile as MatrixFormats) : precision;
    const needs = memoryNeeds(model, { held, maxLength: length, batchSize: rowsAtOnce, layout });
    return { fit: fits(needs, budget), precision, work: workOf(checkpointing) };
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== 'model-too-large') throw error;
    return { fit: { verdict: 'too large', sentence: error.message }, precision: null, work: workOf(true) };
  }
}

const unknownFit: Fit = {
  verdict: 'fits',
  sentence: 'TensorFlow.js computes this kind of model here, and does not tell how much memory it will take.',
};

/** Models of the catalogue stand in the order of their size. */
function maxOf(device: BackendDescription): DeviceProbe['most'] {
  const needs = CATALOGUE.map(({ name, config }) => ({ name, ...needsOf(config, device, null) }));
  const largest = (use: 'tuning' | 'chat') =>
    needs.findLast(({ precisions }) => precisions.some((each) => each[use].fit.verdict !== 'too large'))?.name ?? null;
  return { tuning: largest('tuning'), chat: largest('chat') };
}

export function probeApi(probes: DeviceProbes): ProbeApi {
  return { probeDevice: (wish) => outcomeOf(() => probes.measure(wish)) };
}
