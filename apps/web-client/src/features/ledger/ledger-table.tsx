import { Box, Button, Group, Table, Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { arrow, newer, openLabel, pageOf, rowName, strings, time } from '#strings/ledger.ts';
import { formatCount } from '../../shared/format/format-number.ts';
import classes from './ledger.module.css';
import { type LedgerRow, piecesOf } from './ledger-rows.ts';

const ON_A_PAGE = 10;
const ROW_HEIGHT = 33;

interface LedgerTableProps {
  /** The latest first. */
  readonly rows: readonly LedgerRow[];
  /** Said instead of lines. */
  readonly empty: string;
  readonly onOpen: (row: LedgerRow) => void;
}

/** A page of the ledger. Its room is that of a full page; who looks at an older one is not moved by what comes. */
export function LedgerTable({ rows, empty, onOpen }: LedgerTableProps) {
  const [from, setFrom] = useState(0);
  /** The latest line when the person left the first page. */
  const [anchor, setAnchor] = useState<number | null>(null);
  const settled = anchor === null ? rows : rows.filter(({ id }) => id <= anchor);
  const shown = settled.slice(from, from + ON_A_PAGE);
  const unseen = rows.length - settled.length;
  const go = (next: number) => {
    setAnchor(next > 0 ? (anchor ?? rows[0]?.id ?? null) : null);
    setFrom(next);
  };
  const { columns } = strings;
  return (
    <div>
      <Box mih={(ON_A_PAGE + 1) * ROW_HEIGHT}>
        <Table className={classes.table} verticalSpacing={6} horizontalSpacing="xs" tabularNums data-testid="ledger">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{columns.time}</Table.Th>
              <Table.Th>{columns.message}</Table.Th>
              <Table.Th ta="right" visibleFrom="xs">
                {columns.round}
              </Table.Th>
              <Table.Th ta="right">{columns.bytes}</Table.Th>
              <Table.Th visibleFrom="sm">{columns.hash}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((row) => (
              <Line key={row.id} row={row} onOpen={onOpen} />
            ))}
          </Table.Tbody>
        </Table>
        {shown.length === 0 ? (
          <Text c="dimmed" size="sm" p="xs">
            {empty}
          </Text>
        ) : null}
      </Box>
      <Group justify="space-between" gap="xs" mt="xs" component="nav" aria-label={strings.pages}>
        <Text size="xs" c="dimmed">
          {pageOf(Math.min(from + 1, settled.length), from + shown.length, settled.length)}
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" disabled={from === 0} onClick={() => go(Math.max(0, from - ON_A_PAGE))}>
            {unseen > 0 ? newer(unseen) : strings.previous}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={from + ON_A_PAGE >= settled.length}
            onClick={() => go(from + ON_A_PAGE)}
          >
            {strings.next}
          </Button>
        </Group>
      </Group>
    </div>
  );
}

function Line({ row, onOpen }: { readonly row: LedgerRow; readonly onOpen: (row: LedgerRow) => void }) {
  const { at, direction, round, bytes, sha256 } = row;
  const name = rowName(row, piecesOf(row));
  return (
    <Table.Tr>
      <Table.Td>{time(at)}</Table.Td>
      <Table.Td className={classes.message}>
        <button
          type="button"
          className={classes.open}
          onClick={() => onOpen(row)}
          aria-label={openLabel(name, time(at))}
        >
          <span className={classes.arrow} data-direction={direction} aria-hidden>
            {arrow(direction)}
          </span>
          <span className={classes.name}>{name}</span>
        </button>
        <VisuallyHidden>{direction === 'up' ? strings.sent : strings.received}</VisuallyHidden>
      </Table.Td>
      <Table.Td ta="right" visibleFrom="xs">
        {round ?? ''}
      </Table.Td>
      <Table.Td ta="right">{formatCount(bytes)}</Table.Td>
      <Table.Td className={classes.hash} visibleFrom="sm">
        {sha256?.slice(0, 12) ?? strings.unknownHash}
      </Table.Td>
    </Table.Tr>
  );
}
