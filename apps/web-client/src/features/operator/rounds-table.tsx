import { Badge, Table, Text } from '@mantine/core';
import type { FederationDetail, RoundView } from '@perfit/protocol';
import { roundStrings as words } from '#strings/operator.ts';
import { formatBytes, formatPerplexity, formatSeconds } from '../../shared/format/format-number.ts';

const colors = { training: 'teal', aggregating: 'teal', committed: 'gray', failed: 'red' } as const;

/** Every attempt of every round, the latest first, and who submitted. */
export function RoundsTable({ detail }: { readonly detail: FederationDetail }) {
  if (!detail.rounds.length) return <Text c="dimmed">{words.none}</Text>;
  const latest = detail.rounds.toSorted((a, b) => b.number - a.number || b.attempt - a.attempt);
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table verticalSpacing={6} tabularNums>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.columns.round}</Table.Th>
            <Table.Th>{words.columns.state}</Table.Th>
            <Table.Th ta="right">{words.columns.time}</Table.Th>
            <Table.Th ta="right">{words.columns.bytes}</Table.Th>
            <Table.Th>{words.columns.submissions}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {latest.map((round) => (
            <Table.Tr key={`${round.number}.${round.attempt}`} style={{ verticalAlign: 'top' }}>
              <Table.Td>{round.attempt > 1 ? `${round.number} (${round.attempt})` : round.number}</Table.Td>
              <Table.Td>
                <Badge variant="light" color={colors[round.state]}>
                  {round.state}
                </Badge>
                {round.reason ? (
                  <Text size="xs" c="dimmed">
                    {round.reason}
                  </Text>
                ) : null}
              </Table.Td>
              <Table.Td ta="right">{duration(round)}</Table.Td>
              <Table.Td ta="right">
                {formatBytes(round.submissions.reduce((sum, { bytes }) => sum + bytes, 0))}
              </Table.Td>
              <Table.Td>
                {round.submissions.length ? null : <Text size="sm">{words.noSubmission}</Text>}
                {round.submissions.map((submission) => (
                  <Text key={submission.client} size="sm">
                    {submissionLine(submission)}
                  </Text>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function submissionLine({ name, examples, perplexity }: RoundView['submissions'][number]): string {
  const parts = [name, String(examples)];
  if (perplexity) parts.push(`${formatPerplexity(perplexity.received)} → ${formatPerplexity(perplexity.tuned)}`);
  return parts.join(', ');
}

function duration({ startedAt, closedAt }: RoundView): string {
  return closedAt ? formatSeconds((Date.parse(closedAt) - Date.parse(startedAt)) / 1000) : words.running;
}
