import { SimpleGrid, Table } from '@mantine/core';
import { useState } from 'react';
import { kindName, strings } from '#strings/ledger.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { type LedgerRow, type Total, totalsByKind, totalsByRound } from './ledger-rows.ts';

/** Sums for whoever wants them; reckoned where they are open. */
export function TotalsTables({ rows }: { readonly rows: readonly LedgerRow[] }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{strings.totals}</summary>
      {isOpen ? (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" mt="sm">
          <Totals
            caption={strings.byKind}
            first={strings.kind}
            totals={[...totalsByKind(rows)].map(([kind, total]) => [kindName(kind), total])}
          />
          <Totals
            caption={strings.byRound}
            first={strings.columns.round}
            totals={[...totalsByRound(rows)].map(([round, total]) => [String(round ?? strings.beforeRounds), total])}
          />
        </SimpleGrid>
      ) : null}
    </details>
  );
}

interface TotalsProps {
  readonly caption: string;
  readonly first: string;
  readonly totals: readonly (readonly [string, Total])[];
}

function Totals({ caption, first, totals }: TotalsProps) {
  return (
    <Table
      verticalSpacing={4}
      horizontalSpacing="xs"
      tabularNums
      aria-label={caption}
      style={{ height: 'max-content' }}
    >
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{first}</Table.Th>
          <Table.Th ta="right">{strings.messages}</Table.Th>
          <Table.Th ta="right">{strings.up}</Table.Th>
          <Table.Th ta="right">{strings.down}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {totals.map(([name, { messages, up, down }]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={400}>
              {name}
            </Table.Th>
            <Table.Td ta="right">{formatCount(messages)}</Table.Td>
            <Table.Td ta="right">{formatBytes(up)}</Table.Td>
            <Table.Td ta="right">{formatBytes(down)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
