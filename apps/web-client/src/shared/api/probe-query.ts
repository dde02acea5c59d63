import type { FederationSummary } from '@perfit/protocol';
import { queryOptions } from '@tanstack/react-query';
import type { DeviceWish } from '../../contract/device-api.ts';
import { engine, unwrap } from './engine-client.ts';

/** What this device does with a federation's model: measured once, and again when asked. */
export function probeQuery(device: DeviceWish, federation: FederationSummary) {
  return queryOptions({
    queryKey: ['probe', device, federation.id],
    queryFn: async () => unwrap(await engine().probeDevice({ device, federation })),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}
