import { Badge, Progress, Stack, Table, Text } from '@mantine/core';
import type { ClientView, FederationDetail } from '@perfit/protocol';
import {
  deviceLine,
  joiningLine,
  lastSeenLine,
  progressOf,
  tierOf,
  clientStrings as words,
} from '#strings/operator.ts';
import { formatBytes, formatCount, formatPerplexity, formatShare } from '../../shared/format/format-number.ts';
import { useNow } from '../../shared/ui/use-now.ts';
import { ClientActions } from './client-actions.tsx';
import classes from './clients-table.module.css';
import { useMay } from './use-role.ts';

/** Everybody who takes part: where they are, on what, and what they have gained. */
export function ClientsTable({ detail }: { readonly detail: FederationDetail }) {
  const now = useNow();
  const mayAct = useMay('operator');
  if (!detail.clients.length) return <Text c="dimmed">{words.none}</Text>;
  return (
    <Stack gap="sm">
      {detail.joining ? <Text data-testid="joining">{joiningLine(detail.joining)}</Text> : null}
      <Clients detail={detail} mayAct={mayAct} now={now} />
    </Stack>
  );
}

function Clients({
  detail,
  mayAct,
  now,
}: {
  readonly detail: FederationDetail;
  readonly mayAct: boolean;
  readonly now: number;
}) {
  return (
    <Table.ScrollContainer minWidth={1000}>
      <Table verticalSpacing={6} tabularNums>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.columns.name}</Table.Th>
            <Table.Th>{words.columns.now}</Table.Th>
            <Table.Th>{words.columns.device}</Table.Th>
            <Table.Th>{words.columns.tier}</Table.Th>
            <Table.Th ta="right">{words.columns.examples}</Table.Th>
            <Table.Th ta="right">{words.columns.owns}</Table.Th>
            <Table.Th ta="right">{words.columns.traffic}</Table.Th>
            <Table.Th ta="right">{words.columns.gain}</Table.Th>
            {mayAct ? <Table.Th aria-label={words.columns.actions} /> : null}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {detail.clients.map((client) => (
            <Table.Tr key={client.id}>
              <Table.Td>
                <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                  {client.name}
                </Text>
                <Badge size="xs" variant="dot" color={client.bannedAt ? 'red' : client.connected ? 'teal' : 'gray'}>
                  {standingOf(client)}
                </Badge>
                {client.connected ? null : (
                  <Text size="xs" c="dimmed">
                    {lastSeenLine((now - Date.parse(client.lastSeen)) / 1000)}
                  </Text>
                )}
              </Table.Td>
              <Table.Td miw={120}>
                <ClientProgress client={client} />
              </Table.Td>
              <Table.Td>
                <Text size="sm">{deviceLine(client.device)}</Text>
                <Text size="xs" c="dimmed">
                  {client.device.description}
                </Text>
              </Table.Td>
              <Table.Td>{tierOf(client, detail.config)}</Table.Td>
              <Table.Td
                className={classes.figure}
              >{`${client.examples.training} + ${client.examples.heldOut}`}</Table.Td>
              <Table.Td className={classes.figure}>
                {client.kept === null
                  ? words.nothing
                  : `${formatCount(client.kept)} (${formatShare(client.kept / detail.layoutSize)})`}
              </Table.Td>
              <Table.Td
                className={classes.figure}
              >{`${formatBytes(client.bytesUp)} / ${formatBytes(client.bytesDown)}`}</Table.Td>
              <Table.Td className={classes.figure}>{gain(detail, client)}</Table.Td>
              {mayAct ? (
                <Table.Td>
                  <ClientActions federation={detail.id} client={client} />
                </Table.Td>
              ) : null}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function standingOf({ bannedAt, removedAt, connected }: ClientView): string {
  if (bannedAt) return words.banned;
  if (removedAt) return words.removed;
  return connected ? words.connected : words.away;
}

function ClientProgress({ client }: { readonly client: ClientView }) {
  const { progress } = client;
  if (!progress) return <Text size="sm">{words.nothing}</Text>;
  return (
    <Stack gap={2}>
      <Text size="sm">
        {progress.phase}
        {progress.loss === undefined ? '' : `, loss ${progress.loss.toFixed(2)}`}
      </Text>
      <Progress value={100 * progress.done} size="sm" aria-label={progressOf(client.name)} />
    </Stack>
  );
}

/** From the latest submission that says so. */
function gain({ rounds }: FederationDetail, { id }: ClientView): string {
  const reported = rounds
    .flatMap(({ submissions }) => submissions)
    .filter((submission) => submission.client === id && submission.perplexity)
    .toSorted((a, b) => Date.parse(a.receivedAt) - Date.parse(b.receivedAt))
    .at(-1)?.perplexity;
  return reported ? `${formatPerplexity(reported.base)} → ${formatPerplexity(reported.tuned)}` : words.notShared;
}
