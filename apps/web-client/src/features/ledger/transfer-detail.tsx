import { Button, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { arrow, dateTime, kindName, kindSentence, openLabel, strings, time } from '#strings/ledger.ts';
import { failureOf } from '../../contract/failure.ts';
import type { LedgerEntry, TransferReport } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';
import { formatCount } from '../../shared/format/format-number.ts';
import { DetailsTable } from '../../shared/ui/details-table.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { saveFile } from '../../shared/ui/save-file.ts';
import classes from './ledger.module.css';
import { fileName } from './ledger-file.ts';
import type { LedgerRow } from './ledger-rows.ts';
import { ValuesView } from './values-view.tsx';

const words = strings.detail;

interface TransferDetailProps {
  readonly seat: Seat;
  readonly row: LedgerRow;
  readonly onOpen: (entry: LedgerEntry) => void;
}

/** An upload or download as a whole: its hash, its bytes, and what they say. */
export function TransferDetail({ seat, row, onOpen }: TransferDetailProps) {
  const { data, error } = useQuery({
    queryKey: ['ledger-transfer', seat, row.id, row.entries.length],
    queryFn: async () => unwrap(await engine().ledgerTransfer(seat, row.id)),
    gcTime: 0,
    retry: false,
  });
  const bytes = row.entries.find(({ transfer }) => transfer?.total)?.transfer?.total;
  return (
    <Stack gap="lg">
      <Text size="sm">{kindSentence(row.kind)}</Text>
      <DetailsTable
        rows={[
          [words.time, dateTime(row.at)],
          [words.direction, row.direction === 'up' ? strings.sent : strings.received],
          [words.bytes, bytes ? formatCount(bytes) : words.none],
          [words.hash, row.sha256 ?? words.none],
        ]}
      />
      {error ? <FailureAlert failure={failureOf(error)} title={strings.failed} /> : null}
      {data ? <Whole report={data} kind={row.kind} /> : error ? null : <Skeleton height={520} radius="md" />}
      <Carried row={row} onOpen={onOpen} />
    </Stack>
  );
}

function Whole({ report, kind }: { readonly report: TransferReport; readonly kind: string }) {
  const { bytes, sha256, announced, view, failure, round } = report;
  if (!bytes) return <Text size="sm">{words.incomplete}</Text>;
  const isSame = sha256 === announced;
  return (
    <Stack gap="lg">
      <Group gap="sm">
        <Button size="xs" onClick={() => saveFile(fileName(kind, round, 'bin'), bytes)}>
          {words.saveBytes}
        </Button>
        <Text size="sm" flex={1} miw={200} c={isSame ? undefined : 'var(--mantine-color-error)'}>
          {isSame ? words.same : words.different}
        </Text>
      </Group>
      {failure ? <FailureAlert failure={failure} title={strings.view.failed} /> : null}
      {view ? <ValuesView what={report.what} view={view} /> : null}
    </Stack>
  );
}

/** [LG1] Down to the single message. */
function Carried({ row, onOpen }: Pick<TransferDetailProps, 'row' | 'onOpen'>) {
  return (
    <details>
      <summary>{words.carried}</summary>
      <Text size="sm" c="dimmed" my="xs">
        {words.carriedLead}
      </Text>
      <Table className={classes.table} verticalSpacing={4} horizontalSpacing="xs" tabularNums>
        <Table.Tbody>
          {row.entries.map((entry) => (
            <Table.Tr key={entry.id}>
              <Table.Td>{time(entry.at)}</Table.Td>
              <Table.Td className={classes.message}>
                <button
                  type="button"
                  className={classes.open}
                  onClick={() => onOpen(entry)}
                  aria-label={openLabel(kindName(entry.kind), time(entry.at))}
                >
                  <span className={classes.arrow} data-direction={entry.direction} aria-hidden>
                    {arrow(entry.direction)}
                  </span>
                  <span className={classes.name}>{kindName(entry.kind)}</span>
                </button>
              </Table.Td>
              <Table.Td ta="right">{formatCount(entry.bytes)}</Table.Td>
              <Table.Td className={classes.hash} visibleFrom="sm">
                {entry.sha256?.slice(0, 12) ?? strings.unknownHash}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  );
}
