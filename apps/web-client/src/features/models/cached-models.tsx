import { Button, Group, Modal, Progress, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { actOn, partlyKept, progressLine, reallyDelete, strings } from '#strings/models.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import type { ModelOrigin, StoredModel } from '../../contract/models-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { storageQuery } from './queries.ts';

const words = strings.kept;

interface CachedModelsProps {
  readonly busy: boolean;
  readonly onOpen: (origin: ModelOrigin) => void;
}

/** What this browser keeps of models, and a way to have the room back. */
export function CachedModels({ busy, onOpen }: CachedModelsProps) {
  const { data, error } = useQuery(storageQuery);
  const queries = useQueryClient();
  const [doomed, setDoomed] = useState<StoredModel | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const remove = async ({ key }: StoredModel) => {
    setDoomed(null);
    setFailure(null);
    try {
      unwrap(await engine().deleteModel(key));
    } catch (thrown) {
      setFailure(failureOf(thrown));
    }
    await queries.invalidateQueries(storageQuery);
  };
  return (
    <Section title={words.title} lead={words.lead}>
      {error ? <FailureAlert failure={failureOf(error)} title={words.failed} /> : null}
      {failure ? <FailureAlert failure={failure} title={words.deleteFailed} /> : null}
      {data ? (
        <Stack gap="md">
          {data.models.length === 0 ? (
            <Text c="dimmed">{words.none}</Text>
          ) : (
            <KeptTable models={data.models} busy={busy} onOpen={onOpen} onDelete={setDoomed} />
          )}
          <Usage usage={data.usage} quota={data.quota} />
        </Stack>
      ) : error ? null : (
        <Skeleton height={60} radius="md" />
      )}
      <Modal opened={doomed !== null} onClose={() => setDoomed(null)} title={words.really} centered>
        {doomed ? (
          <Stack gap="md">
            <Text size="sm">{reallyDelete(doomed.name, doomed.storedBytes)}</Text>
            <Group gap="sm" justify="flex-end">
              <Button variant="default" data-autofocus onClick={() => setDoomed(null)}>
                {words.cancel}
              </Button>
              <Button color="red" onClick={() => void remove(doomed)}>
                {words.delete}
              </Button>
            </Group>
          </Stack>
        ) : null}
      </Modal>
    </Section>
  );
}

interface KeptTableProps extends CachedModelsProps {
  readonly models: readonly StoredModel[];
  readonly onDelete: (model: StoredModel) => void;
}

function KeptTable({ models, busy, onOpen, onDelete }: KeptTableProps) {
  const { columns } = words;
  return (
    <Table.ScrollContainer minWidth={520}>
      <Table tabularNums verticalSpacing="xs" data-testid="cached-models">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{columns.model}</Table.Th>
            <Table.Th>{columns.size}</Table.Th>
            <Table.Th>{columns.state}</Table.Th>
            <Table.Th>{columns.used}</Table.Th>
            <Table.Th>{columns.actions}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {models.map((model) => {
            const { key, name, origin, revision, bytes, storedBytes, usedAt } = model;
            const again = originOf(model);
            return (
              <Table.Tr key={key}>
                <Table.Th scope="row">
                  <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                    {name}
                  </Text>
                  <Text size="xs" c="dimmed" fw={400}>
                    {`${words.origins[origin]}, ${revision.slice(0, 10)}`}
                  </Text>
                </Table.Th>
                <Table.Td>{formatBytes(bytes)}</Table.Td>
                <Table.Td>{storedBytes >= bytes ? words.complete : partlyKept(storedBytes, bytes)}</Table.Td>
                <Table.Td>{new Date(usedAt).toLocaleDateString('en-GB', { dateStyle: 'medium' })}</Table.Td>
                <Table.Td>
                  <Group gap="xs" wrap="nowrap">
                    {again ? (
                      <Button
                        size="xs"
                        variant="light"
                        disabled={busy}
                        aria-label={actOn(words.open, `${name}, ${words.origins[origin]}`)}
                        onClick={() => onOpen(again)}
                      >
                        {words.open}
                      </Button>
                    ) : null}
                    <Button
                      size="xs"
                      variant="light"
                      color="red"
                      aria-label={actOn(words.delete, name)}
                      onClick={() => onDelete(model)}
                    >
                      {words.delete}
                    </Button>
                  </Group>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Where it would be fetched from again; files of a disk have to be chosen anew. */
function originOf({ origin, name, revision }: StoredModel): ModelOrigin | null {
  switch (origin) {
    case 'mirror':
      return { kind: 'mirror', id: name };
    case 'hub':
      return { kind: 'hub', repository: name, revision };
    case 'files':
      return null;
  }
}

function Usage({ usage, quota }: { readonly usage: number | null; readonly quota: number | null }) {
  if (usage === null || quota === null || quota === 0) return null;
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="xs">
        <Text size="sm">{words.usage}</Text>
        <Text size="sm" c="dimmed">
          {progressLine(usage, quota)}
        </Text>
      </Group>
      <Progress value={(100 * usage) / quota} aria-label={words.usage} />
    </Stack>
  );
}
