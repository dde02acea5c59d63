import { Badge, Table, Text } from '@mantine/core';
import type { FederationDetail, RoundView } from '@perfit/protocol';
import { formatBytes, formatPerplexity, formatSeconds } from '../../shared/format/format-number.ts';

const colors = { training: 'teal', aggregating: 'teal', committed: 'gray', failed: 'red' } as const;

/** Every attempt of every round, the latest first, and who submitted. */
export function RoundsTable({ detail }: { readonly detail: FederationDetail }) {
  if (!detail.rounds.length) return <Text c="dimmed">The first round has not begun.</Text>;
  const latest = detail.rounds.toSorted((a, b) => b.number - a.number || b.attempt - a.attempt);
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table verticalSpacing={6} tabularNums>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Round</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th ta="right">Time</Table.Th>
            <Table.Th ta="right">Bytes</Table.Th>
            <Table.Th>Submissions: name, examples, perplexity received → tuned</Table.Th>
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
                {round.submissions.length ? null : <Text size="sm">none yet</Text>}
                {round.submissions.map((submission) => (
                  <Text key={submission.client} size="sm">
                    {submission.name}, {submission.examples}
                    {submission.perplexity
                      ? `, ${formatPerplexity(submission.perplexity.received)} → ${formatPerplexity(submission.perplexity.tuned)}`
                      : ''}
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

function duration({ startedAt, closedAt }: RoundView): string {
  return closedAt ? formatSeconds((Date.parse(closedAt) - Date.parse(startedAt)) / 1000) : 'running';
}
