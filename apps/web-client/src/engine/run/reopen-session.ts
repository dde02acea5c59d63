import { layoutOf } from '@perfit/federation';
import type { FederationDescriptor } from '@perfit/protocol';
import type { EngineEvent } from '../../contract/engine-event.ts';
import { FailureError } from '../../contract/failure.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import type { Backend } from '../device/backend.ts';
import { failureOfWork } from '../failures.ts';
import type { ModelHost } from '../models/model-host.ts';
import { mirrored } from '../models/open-files.ts';
import type { StoredSession } from '../storage/stored-sessions.ts';
import { heldOutExamples } from '../text/local-data.ts';
import type { Journal } from './journal.ts';

interface Parts {
  readonly journal: Journal;
  readonly backend: Backend;
  readonly modelHost: ModelHost;
}

/**
 * Model and adapter as they were, the past with them; nothing is sent.
 * @throws FailureError `not-ready`, and whatever keeps the model from being loaded: the journal has been told
 */
export async function reopenSession({ options, session }: StoredSession, parts: Parts): Promise<void> {
  const { federation } = session;
  if (!federation) {
    throw new FailureError({
      code: 'not-ready',
      message: 'There is no model to load: this run never got that far.',
    });
  }
  try {
    await load(options, federation, parts);
    parts.journal.emit({ type: 'models', ...parts.modelHost.ready });
    parts.journal.emit(endOf(session));
  } catch (error) {
    parts.journal.emit({ type: 'failed', error: failureOfWork(error) });
    throw error;
  }
}

async function load(
  { backend: choice, threads, dataset }: StoredSession['options'],
  { config, modelPath }: FederationDescriptor,
  { journal, backend, modelHost }: Parts,
): Promise<void> {
  const device = await backend.start({ backend: choice, ...(threads === undefined ? {} : { threads }) });
  modelHost.moveTo(device.backend);
  const { model } = await modelHost.load(mirrored(modelPath), {
    onProgress: (progress) => journal.emit({ type: 'loading', stage: 'model', ...progress }),
    onGet: (exchange) => journal.ledger.writeFetch(exchange),
  });
  journal.noteDimensions(model.dimensions);
  await modelHost.open(journal.seat, layoutOf(config, model.dimensions), {
    examples: heldOutExamples(dataset, { heldOut: config.evaluation.heldOut, seed: config.seed }),
    maxLength: Math.min(config.tuning.maxLength, model.config.contextLength),
  });
}

/** As the run ended. */
function endOf({ status, activity }: SessionState): EngineEvent {
  return status && activity.kind !== 'left' ? { type: 'finished', status } : { type: 'left', reason: 'asked' };
}
