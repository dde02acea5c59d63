import { Button, Skeleton, Stack, Table, Text } from '@mantine/core';
import type { SessionListEntry } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { agentName, endQuestion, moment, strings, sessionStrings as words } from '#strings/access.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { Confirm } from '../../shared/ui/confirm.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { sessionsQuery } from './access-api.ts';
import { useChange } from './use-change.ts';

/** One's own, and to an admin everybody's. */
export function Sessions({ name }: { readonly name: string }) {
  const { data, error } = useQuery(sessionsQuery);
  const [doomed, setDoomed] = useState<SessionListEntry | null>(null);
  const ending = useChange(async (sessions: readonly SessionListEntry[]) => {
    for (const { id } of sessions) await admin.endSession(id);
    setDoomed(null);
  });
  const others = data?.filter(({ operator, current }) => operator === name && !current) ?? [];
  return (
    <Section title={words.title} lead={words.lead}>
      {error && !data ? <FailureAlert failure={failureOf(error)} /> : null}
      {data || error ? null : <Skeleton height={90} />}
      {data ? (
        <Stack gap="sm">
          <Table.ScrollContainer minWidth={560}>
            <Table verticalSpacing={6} tabularNums aria-label={words.list}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{words.columns.who}</Table.Th>
                  <Table.Th>{words.columns.where}</Table.Th>
                  <Table.Th>{words.columns.since}</Table.Th>
                  <Table.Th>{words.columns.seen}</Table.Th>
                  <Table.Th aria-label={strings.actions} />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.map((session) => (
                  <Table.Tr key={session.id}>
                    <Table.Td>{session.operator}</Table.Td>
                    <Table.Td>{[agentName(session.agent), session.address].join(', ')}</Table.Td>
                    <Table.Td>{moment(session.createdAt)}</Table.Td>
                    <Table.Td>{session.current ? words.current : moment(session.lastSeen)}</Table.Td>
                    <Table.Td ta="end">
                      {session.current ? null : (
                        <Button size="compact-xs" variant="subtle" onClick={() => setDoomed(session)}>
                          {words.end}
                        </Button>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {data.length <= 1 ? (
            <Text size="sm" c="dimmed">
              {words.none}
            </Text>
          ) : null}
          {others.length > 0 ? (
            <Button
              variant="default"
              style={{ alignSelf: 'flex-start' }}
              loading={ending.isPending}
              onClick={() => ending.mutate(others)}
            >
              {words.endAll}
            </Button>
          ) : null}
        </Stack>
      ) : null}
      <Confirm
        question={doomed && endQuestion(doomed)}
        isPending={ending.isPending}
        error={ending.error}
        onCancel={() => setDoomed(null)}
        onConfirm={() => doomed && ending.mutate([doomed])}
      />
    </Section>
  );
}
