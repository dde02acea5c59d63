import { Paper, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { strings } from '#strings/history.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import type { HistoryEntry } from '../../contract/history-api.ts';
import { engine } from '../../shared/api/engine-client.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { PageLinkButton } from '../../shared/ui/links.tsx';
import { ConfirmDelete } from './confirm-delete.tsx';
import { DeleteAll } from './delete-all.tsx';
import { DeletedBar, type DeletedEntry } from './deleted-bar.tsx';
import { historyQuery } from './history-query.ts';
import { LeftoverCard } from './leftover-card.tsx';
import { SessionCard } from './session-card.tsx';

/** Everything that this browser remembers of federations, and ways to be rid of it. */
export function HistoryList() {
  const { data, error } = useQuery(historyQuery);
  const queries = useQueryClient();
  const [doomed, setDoomed] = useState<HistoryEntry | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [deleted, setDeleted] = useState<DeletedEntry | null>(null);
  // Who goes on to another page has made up their mind.
  useEffect(() => () => void engine().emptyTrash(), []);
  const remove = async (entry: HistoryEntry) => {
    setDoomed(null);
    const outcome = await engine().deleteFromHistory(entry.key);
    setFailure(outcome.ok ? null : outcome.error);
    if (outcome.ok) setDeleted({ entry, ...outcome.value });
    await queries.invalidateQueries(historyQuery);
  };
  const undo = async ({ key }: HistoryEntry) => {
    setDeleted(null);
    const outcome = await engine().undoDeletion(key);
    setFailure(outcome.ok ? null : outcome.error);
    await queries.invalidateQueries(historyQuery);
  };
  if (!data) {
    return error ? (
      <FailureAlert failure={failureOf(error)} title={strings.failed} />
    ) : (
      <Skeleton height={220} radius="lg" />
    );
  }
  return (
    <Stack gap="md">
      {failure ? <FailureAlert failure={failure} title={strings.really.failed} /> : null}
      {deleted ? <DeletedBar deleted={deleted} onUndo={() => void undo(deleted.entry)} /> : null}
      {data.length === 0 ? <Empty /> : null}
      <Stack component="ul" gap="md" p={0} m={0} style={{ listStyle: 'none' }}>
        {data.map((entry) => (
          <li key={entry.key}>
            {entry.kind === 'session' ? (
              <SessionCard entry={entry} onDelete={() => setDoomed(entry)} />
            ) : (
              <LeftoverCard entry={entry} onDelete={() => setDoomed(entry)} />
            )}
          </li>
        ))}
      </Stack>
      <DeleteAll />
      <ConfirmDelete entry={doomed} onKeep={() => setDoomed(null)} onDelete={(entry) => void remove(entry)} />
    </Stack>
  );
}

function Empty() {
  return (
    <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
      <Stack gap="xs" align="flex-start">
        <Text fw={600}>{strings.empty}</Text>
        <Text c="dimmed">{strings.emptyHint}</Text>
        <PageLinkButton to="/" variant="light" size="sm" mt="xs">
          {strings.toFederations}
        </PageLinkButton>
      </Stack>
    </Paper>
  );
}
