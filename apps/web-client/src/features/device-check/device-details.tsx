import { deviceMemory, strings } from '#strings/device-check.ts';
import { precisionNames } from '#strings/precisions.ts';
import type { DeviceReport } from '../../contract/device-api.ts';
import type { DeviceProbe } from '../../contract/probe-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { DetailsTable } from '../../shared/ui/details-table.tsx';

interface DeviceDetailsProps {
  readonly device: DeviceReport | undefined;
  readonly probe: DeviceProbe | undefined;
}

/** What somebody asks for who helps from afar. */
export function DeviceDetails({ device, probe }: DeviceDetailsProps) {
  const rows = device ? rowsOf(device, probe) : [];
  return <DetailsTable rows={rows} />;
}

function rowsOf(device: DeviceReport, probe: DeviceProbe | undefined): readonly (readonly [string, string])[] {
  const { features, largestBuffer, cores, memory, crossOriginIsolated } = device;
  const ofGraphics = [
    [strings.features, features.join(', ') || strings.noFeatures],
    [strings.largestBuffer, formatBytes(largestBuffer ?? 0)],
  ] as const;
  return [
    ...(largestBuffer === null ? [] : ofGraphics),
    [strings.cores, String(cores)],
    [strings.deviceMemory, deviceMemory(memory)],
    [strings.isolated, crossOriginIsolated ? strings.yes : strings.no],
    [strings.weights, probe?.model.precision ? precisionNames[probe.model.precision] : strings.unknown],
  ];
}
