import { Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { strings } from '#strings/history.ts';
import { failureOf } from '../contract/failure.ts';
import { HistoryList } from '../features/history/history-list.tsx';
import { historyQuery } from '../features/history/history-query.ts';
import { Exposure } from '../features/ledger/exposure.tsx';
import { Ledger } from '../features/ledger/ledger.tsx';
import { engine, unwrap } from '../shared/api/engine-client.ts';
import { FailureAlert } from '../shared/ui/failure-alert.tsx';
import { PageLink } from '../shared/ui/links.tsx';

/** /history: the federations that this browser remembers. */
export function HistoryPage() {
  return (
    <Stack gap="md">
      <Stack gap="xs" maw={760}>
        <Title order={1}>{strings.title}</Title>
        <Text size="lg" c="dimmed">
          {strings.lead}
        </Text>
      </Stack>
      <HistoryList />
    </Stack>
  );
}

/** /history/:federation: what was sent and received, without going on and without loading a model. */
export function HistoryLedgerPage() {
  const { federation } = useParams({ from: '/history/$federation' });
  const { as = '' } = useSearch({ from: '/history/$federation' });
  const seat = useMemo(() => ({ federation, as }), [federation, as]);
  const { data, error } = useQuery({
    queryKey: ['ledger', seat],
    queryFn: async () => unwrap(await engine().ledger(seat)),
    gcTime: 0,
    retry: false,
  });
  const known = useQuery(historyQuery).data?.find(
    (entry) => entry.kind === 'session' && entry.seat.federation === federation && entry.seat.as === as,
  );
  return (
    <Stack gap="md">
      <Stack gap={4} align="flex-start">
        <PageLink to="/history" size="sm">
          {strings.page.back}
        </PageLink>
        <Title order={1}>{known?.kind === 'session' ? known.federation : federation}</Title>
      </Stack>
      {error ? <FailureAlert failure={failureOf(error)} title={strings.failed} /> : null}
      {data ? <Ledger seat={seat} entries={data} /> : error ? null : <Skeleton height={640} radius="lg" />}
      <Exposure config={null} />
    </Stack>
  );
}
