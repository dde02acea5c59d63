import { Badge, Group, Pagination, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { strings } from '#strings/local-text.ts';
import type { DataPageWish, DataReport, DataRow } from '../../contract/data-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';
import { formatCount } from '../../shared/format/format-number.ts';
import classes from './local-text.module.css';
import type { TokenCount } from './use-local-text.ts';

const PAGE = 8;

type Shown = DataPageWish['show'];

interface RowTableProps {
  readonly report: DataReport;
  readonly tokens: TokenCount;
}

/** The examples, a page at a time: only what is looked at comes over from the worker. */
export function RowTable({ report, tokens }: RowTableProps) {
  const [show, setShow] = useState<Shown>('all');
  const [page, setPage] = useState(1);
  const choices: readonly Shown[] = tokens.kind === 'counted' ? ['all', 'held-out', 'cut'] : ['all', 'held-out'];
  const shown = choices.includes(show) ? show : 'all';
  const { data } = useQuery({
    // Lengths are there once counting has begun, and which are cut once it is over.
    queryKey: ['rows', report.id, shown, page, tokens.kind],
    queryFn: async () =>
      unwrap(await engine().dataPage({ report: report.id, show: shown, from: (page - 1) * PAGE, count: PAGE })),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const total = data?.total ?? 0;
  const pages = Math.ceil(total / PAGE);
  // Another text may have fewer.
  if (data && page > Math.max(1, pages)) setPage(1);
  return (
    <Stack gap="xs">
      <Group justify="flex-end" gap="sm">
        <SegmentedControl
          size="xs"
          aria-label={strings.whichRows}
          value={shown}
          onChange={(value) => {
            setShow(value as Shown);
            setPage(1);
          }}
          data={choices.map((value) => ({ value, label: strings.show[value] }))}
        />
      </Group>
      {data && total === 0 ? (
        <Text size="sm" c="dimmed">
          {strings.noRows[shown]}
        </Text>
      ) : (
        <Table verticalSpacing="xs" className={classes.rows} captionSide="top" data-testid="dataset-rows">
          <Table.Caption className={classes.caption}>{strings.rowsCaption}</Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{strings.prompt}</Table.Th>
              <Table.Th>{strings.response}</Table.Th>
              <Table.Th ta="right">{strings.tokens}</Table.Th>
              <Table.Th>{strings.use}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data?.rows.map((row, i) => (
              <Row key={`${page} ${i}`} row={row} showsFile={report.files.length > 1} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {pages > 1 ? (
        <Group justify="space-between" gap="sm">
          <Text size="xs" c="dimmed" aria-live="polite">
            {strings.shown(
              formatCount((page - 1) * PAGE + 1),
              formatCount(Math.min(total, page * PAGE)),
              formatCount(total),
            )}
          </Text>
          <Pagination
            siblings={0}
            size="sm"
            total={pages}
            value={page}
            onChange={setPage}
            boundaries={1}
            aria-label={strings.pages}
            getItemProps={(number) => ({ 'aria-label': `${number}` })}
            getControlProps={(control) => ({ 'aria-label': control })}
          />
        </Group>
      ) : null}
    </Stack>
  );
}

const colors = { training: 'cyan', validation: 'violet', 'held-out': 'gray' } as const;

function Row({ row, showsFile }: { readonly row: DataRow; readonly showsFile: boolean }) {
  return (
    <Table.Tr>
      <Table.Td data-label={strings.prompt}>
        <p className={row.prompt ? classes.words : classes.aside}>{row.prompt || strings.continued}</p>
        {showsFile ? <p className={classes.aside}>{row.file}</p> : null}
      </Table.Td>
      <Table.Td data-label={strings.response}>
        <p className={classes.words}>{row.response}</p>
        {row.responses > 1 ? <p className={classes.aside}>{strings.responses(row.responses)}</p> : null}
      </Table.Td>
      <Table.Td data-label={strings.tokens} className={classes.count}>
        {row.length ? formatCount(row.length.tokens) : '…'}
        {row.length && row.length.cut > 0 ? (
          <Text span display="block" size="xs" c="orange">
            {strings.losesTokens(formatCount(row.length.cut))}
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td data-label={strings.use}>
        <Badge variant="light" size="sm" color={colors[row.split]}>
          {strings.split[row.split]}
        </Badge>
      </Table.Td>
    </Table.Tr>
  );
}
