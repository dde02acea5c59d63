import { Table } from '@mantine/core';

interface DetailsTableProps {
  /** Label and value. */
  readonly rows: readonly (readonly [string, string])[];
}

/** What few want to know: a name and what it is, line by line. */
export function DetailsTable({ rows }: DetailsTableProps) {
  return (
    <Table mt="xs" maw={560} withRowBorders={false} verticalSpacing={4} fz="sm">
      <Table.Tbody>
        {rows.map(([label, value]) => (
          <Table.Tr key={label} style={{ verticalAlign: 'top' }}>
            <Table.Th fw={400} c="dimmed" scope="row" pl={0}>
              {label}
            </Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
