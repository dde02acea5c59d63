import { type BenchReport, runBench } from '@perfit/bench';
import type { DeviceApi } from '../../contract/device-api.ts';
import { FailureError } from '../../contract/failure.ts';
import { outcomeOf } from '../failures.ts';
import type { ModelHost } from '../models/model-host.ts';
import { type Backend, deviceReport } from './backend.ts';

interface DeskOptions {
  readonly backend: Backend;
  readonly modelHost: ModelHost;
  /** Whether a federation has the device. */
  readonly isBusy: () => boolean;
}

/** What computes here, and how fast it is. See {@link DeviceApi}. */
export function deviceService(options: DeskOptions): DeviceApi {
  return {
    describeDevice: (wish) => outcomeOf(async () => deviceReport(await options.backend.start(wish))),
    bench: (onText) => outcomeOf(() => bench(options, onText)),
  };
}

/** @throws FailureError `not-ready`   @throws BackendError */
async function bench(
  { backend, modelHost, isBusy }: DeskOptions,
  onText: (text: string) => void,
): Promise<BenchReport> {
  if (isBusy()) {
    throw new FailureError({
      code: 'not-ready',
      message: 'Somebody takes part in this tab: measure in another one.',
    });
  }
  const device = await backend.start({ backend: 'webgpu' });
  modelHost.moveTo(device.backend);
  const running = runBench();
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    onText(next.value);
  }
}
