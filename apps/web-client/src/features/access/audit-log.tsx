import { Button, Group, NativeSelect, Skeleton, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { actorOf, moment, auditStrings as words } from '#strings/access.ts';
import { failureOf } from '../../contract/failure.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { auditQuery } from './access-api.ts';

export function AuditLog() {
  const [kind, setKind] = useState('');
  const [before, setBefore] = useState<number | null>(null);
  const { data, error } = useQuery({ ...auditQuery(before, kind), placeholderData: keepPreviousData });
  return (
    <Section title={words.title} lead={words.lead}>
      <Group>
        <NativeSelect
          label={words.only}
          value={kind}
          data={[
            { value: '', label: words.all },
            ...Object.entries(words.kinds).map(([value, label]) => ({ value, label })),
          ]}
          onChange={(event) => {
            setKind(event.currentTarget.value);
            setBefore(null);
          }}
        />
      </Group>
      {error && !data ? <FailureAlert failure={failureOf(error)} /> : null}
      {data || error ? null : <Skeleton height={240} />}
      {data?.entries.length === 0 ? <Text c="dimmed">{words.none}</Text> : null}
      {data && data.entries.length > 0 ? (
        <Stack gap="sm">
          <Table.ScrollContainer minWidth={760}>
            <Table verticalSpacing={4} tabularNums aria-label={words.list}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{words.columns.at}</Table.Th>
                  <Table.Th>{words.columns.who}</Table.Th>
                  <Table.Th>{words.columns.action}</Table.Th>
                  <Table.Th>{words.columns.target}</Table.Th>
                  <Table.Th>{words.columns.outcome}</Table.Th>
                  <Table.Th>{words.columns.from}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.entries.map((entry) => (
                  <Table.Tr key={entry.sequence}>
                    <Table.Td>{moment(entry.at)}</Table.Td>
                    <Table.Td>{actorOf(entry)}</Table.Td>
                    <Table.Td>{entry.action}</Table.Td>
                    <Table.Td style={{ overflowWrap: 'anywhere' }}>{entry.target}</Table.Td>
                    <Table.Td>{entry.outcome}</Table.Td>
                    <Table.Td>{entry.address}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          <Group gap="sm">
            <Button size="xs" variant="default" disabled={before === null} onClick={() => setBefore(null)}>
              {words.newest}
            </Button>
            <Button size="xs" variant="default" disabled={data.next === null} onClick={() => setBefore(data.next)}>
              {words.older}
            </Button>
          </Group>
        </Stack>
      ) : null}
    </Section>
  );
}
