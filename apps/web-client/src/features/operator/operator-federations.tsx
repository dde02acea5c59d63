import { Badge, Button, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { stateWords } from '#strings/federation-state.ts';
import { listStrings as words } from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { stateColor } from '../../shared/federation/federation-state.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { PageLink } from '../../shared/ui/links.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { adminFederationsQuery, modelsQuery } from './admin-api.ts';
import { CreateForm } from './create-form.tsx';
import { UnusableModels } from './unusable-models.tsx';

/** All federations of this coordinator, and the way to a new one. */
export function OperatorFederations({ onCreated }: { readonly onCreated: (id: string) => void }) {
  const { data, error, isPending } = useQuery(adminFederationsQuery);
  const [creating, setCreating] = useState(false);
  const models = useQuery(modelsQuery);
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Title order={1}>{words.title}</Title>
        {creating ? null : <Button onClick={() => setCreating(true)}>{words.create}</Button>}
      </Group>
      {creating ? (
        <Section title={words.create}>
          {models.data ? (
            <>
              <UnusableModels models={models.data} />
              <CreateForm
                models={models.data.filter(({ problem }) => problem === null)}
                onCreated={onCreated}
                onCancel={() => setCreating(false)}
              />
            </>
          ) : (
            <Skeleton height={300} />
          )}
        </Section>
      ) : null}
      {isPending ? <Skeleton height={160} radius="lg" /> : null}
      {error && !data ? <FailureAlert failure={failureOf(error)} /> : null}
      {data ? (
        <Section title={words.list}>
          {data.length ? (
            <Table.ScrollContainer minWidth={520}>
              <Table verticalSpacing="sm" tabularNums>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{words.columns.name}</Table.Th>
                    <Table.Th>{words.columns.state}</Table.Th>
                    <Table.Th ta="right">{words.columns.round}</Table.Th>
                    <Table.Th ta="right">{words.columns.ready}</Table.Th>
                    <Table.Th>{words.columns.strategy}</Table.Th>
                    <Table.Th>{words.columns.model}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.map(({ id, config, status }) => (
                    <Table.Tr key={id}>
                      <Table.Td>
                        <PageLink to="/operator/$federation" params={{ federation: id }} fw={600}>
                          {config.name}
                        </PageLink>
                      </Table.Td>
                      <Table.Td>
                        <Badge variant="light" color={stateColor(status.state)}>
                          {stateWords[status.state]}
                        </Badge>
                      </Table.Td>
                      <Table.Td ta="right">{`${status.round} / ${status.rounds}`}</Table.Td>
                      <Table.Td ta="right">{status.ready}</Table.Td>
                      <Table.Td>{config.strategy}</Table.Td>
                      <Table.Td>{config.model}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          ) : (
            <Text c="dimmed">{words.none}</Text>
          )}
        </Section>
      ) : null}
    </Stack>
  );
}
