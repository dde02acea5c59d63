import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { LedgerEntry } from '../../engine/engine-api.ts';
import { saveFile } from '../../shared/files/save-file.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { Section } from '../../shared/ui/section.tsx';

const FIRST_SHOWN = 12;
const SHOWN_AT_MOST = 500;

/** Every message between this tab and the coordinator, the latest first. */
export function Ledger({ entries }: { readonly entries: readonly LedgerEntry[] }) {
  const [all, setAll] = useState(false);
  const shown = entries.slice(all ? -SHOWN_AT_MOST : -FIRST_SHOWN).toReversed();
  const up = entries.filter(({ direction }) => direction === 'up');
  const save = () => {
    const json = JSON.stringify(
      entries.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })),
      null,
      2,
    );
    saveFile('perfit-ledger.json', new TextEncoder().encode(json), 'application/json');
  };
  return (
    <Section
      title="Ledger"
      lead="Every message between this tab and the coordinator, with its size. Nothing else leaves this tab."
      aside={
        <Button variant="default" size="xs" onClick={save} disabled={!entries.length}>
          Download as JSON
        </Button>
      }
    >
      <Stack gap="sm">
        <Text size="sm">
          {formatCount(up.length)} messages sent, {formatBytes(total(up))} in all;{' '}
          {formatCount(entries.length - up.length)} received, {formatBytes(total(entries) - total(up))}.
        </Text>
        <Table.ScrollContainer minWidth={440}>
          <Table verticalSpacing={4} tabularNums data-testid="ledger">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Time</Table.Th>
                <Table.Th>Direction</Table.Th>
                <Table.Th>Message</Table.Th>
                <Table.Th ta="right">Bytes</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((entry, i) => (
                <Table.Tr key={entries.length - i}>
                  <Table.Td>{new Date(entry.at).toLocaleTimeString()}</Table.Td>
                  <Table.Td>
                    <Badge variant="light" color={entry.direction === 'up' ? 'orange' : 'gray'} size="sm">
                      {entry.direction === 'up' ? '↑ sent' : '↓ received'}
                    </Badge>
                  </Table.Td>
                  <Table.Td>{entry.kind}</Table.Td>
                  <Table.Td ta="right">{formatCount(entry.bytes)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        {entries.length > FIRST_SHOWN ? (
          <Group>
            <Button variant="subtle" size="xs" onClick={() => setAll(!all)}>
              {all ? 'Show fewer' : `Show ${formatCount(Math.min(entries.length, SHOWN_AT_MOST))}`}
            </Button>
          </Group>
        ) : null}
      </Stack>
    </Section>
  );
}

function total(entries: readonly LedgerEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}
