import { Table } from '@mantine/core';
import { deviceMemory, strings } from '#strings/device-check.ts';
import type { DeviceReport } from '../../engine/engine-api.ts';
import type { DeviceProbe } from '../../engine/probe-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';

interface DeviceDetailsProps {
  readonly device: DeviceReport;
  readonly probe: DeviceProbe | undefined;
}

/** What somebody asks for who helps from afar. */
export function DeviceDetails({ device, probe }: DeviceDetailsProps) {
  const { features, largestBuffer } = device;
  const rows: readonly (readonly [string, string])[] = [
    ...(largestBuffer === null
      ? []
      : ([
          [strings.features, features.join(', ') || strings.noFeatures],
          [strings.largestBuffer, formatBytes(largestBuffer)],
        ] as const)),
    [strings.cores, String(device.cores)],
    [strings.deviceMemory, deviceMemory(device.memory)],
    [strings.isolated, device.crossOriginIsolated ? strings.yes : strings.no],
    [strings.weights, probe?.model.precision ?? strings.unknown],
  ];
  return (
    <details>
      <summary>{strings.details}</summary>
      <Table mt="xs" maw={560} withRowBorders={false} verticalSpacing={4} fz="sm">
        <Table.Tbody>
          {rows.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th fw={400} c="dimmed" scope="row">
                {label}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  );
}
