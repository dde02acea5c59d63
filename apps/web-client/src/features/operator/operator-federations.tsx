import { Badge, Button, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { failureOf } from '../../shared/failure/failure.ts';
import { FailureAlert } from '../../shared/notices/failure-alert.tsx';
import { stateColor, stateWord } from '../../shared/session/federation-state.ts';
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
        <Title order={1}>Federations</Title>
        {creating ? null : <Button onClick={() => setCreating(true)}>New federation</Button>}
      </Group>
      {creating ? (
        <Section title="New federation">
          {models.data ? (
            <>
              <UnusableModels models={models.data} />
              <CreateForm
                models={models.data.filter(({ problem }) => problem === null).map(({ id }) => id)}
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
        <Section title="On this coordinator">
          {data.length ? (
            <Table.ScrollContainer minWidth={520}>
              <Table verticalSpacing="sm" tabularNums>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>State</Table.Th>
                    <Table.Th ta="right">Round</Table.Th>
                    <Table.Th ta="right">Ready</Table.Th>
                    <Table.Th>Strategy</Table.Th>
                    <Table.Th>Model</Table.Th>
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
                          {stateWord(status.state)}
                        </Badge>
                      </Table.Td>
                      <Table.Td ta="right">
                        {status.round} / {status.rounds}
                      </Table.Td>
                      <Table.Td ta="right">{status.ready}</Table.Td>
                      <Table.Td>{config.strategy}</Table.Td>
                      <Table.Td>{config.model}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          ) : (
            <Text c="dimmed">None yet. Make the first one, and send its invite link to the people who take part.</Text>
          )}
        </Section>
      ) : null}
    </Stack>
  );
}
