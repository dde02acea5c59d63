import { Table } from '@mantine/core';
import { deviceMemory, strings } from '#strings/device-check.ts';
import type { DeviceReport } from '../../engine/engine-api.ts';
import type { DeviceProbe } from '../../engine/probe-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';

interface DeviceDetailsProps {
  readonly device: DeviceReport | undefined;
  readonly probe: DeviceProbe | undefined;
}

/** What somebody asks for who helps from afar. */
export function DeviceDetails({ device, probe }: DeviceDetailsProps) {
  const rows = device ? rowsOf(device, probe) : [];
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
    [strings.weights, probe?.model.precision ?? strings.unknown],
  ];
}
