import { Badge, Group, Paper, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { FederationSummary } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { roundOf, strings } from '#strings/federation-list.ts';
import { plainStateWords } from '#strings/federation-state.ts';
import { failureOf } from '../../contract/failure.ts';
import { federationsQuery } from '../../shared/api/federations.ts';
import { isOver, stateColor } from '../../shared/federation/federation-state.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { PageLink } from '../../shared/ui/links.tsx';

/** Every federation that the coordinator shows to anybody; those that are over come last. */
export function FederationList() {
  const { data, error, isPending } = useQuery(federationsQuery);
  if (isPending) return <Skeleton height={110} radius="lg" aria-label={strings.looking} />;
  if (error && !data) return <FailureAlert failure={failureOf(error)} title={strings.failed} />;
  if (!data?.length) {
    return (
      <Paper withBorder radius="lg" p="xl">
        <Text fw={600}>{strings.none}</Text>
        <Text c="dimmed">{strings.noneHint}</Text>
      </Paper>
    );
  }
  return (
    <Stack component="ul" gap="md" p={0} m={0} style={{ listStyle: 'none' }}>
      {data
        .toSorted((a, b) => Number(isOver(a.status.state)) - Number(isOver(b.status.state)))
        .map((federation) => (
          <FederationCard key={federation.id} federation={federation} />
        ))}
    </Stack>
  );
}

function FederationCard({ federation }: { readonly federation: FederationSummary }) {
  const { config, status, host, id } = federation;
  return (
    <Paper component="li" withBorder radius="lg" p={{ base: 'md', sm: 'lg' }}>
      <Group justify="space-between" gap="md" align="flex-start">
        <Stack gap={4} flex={1} miw={220}>
          <Group gap="sm">
            <Title order={3} size="h4">
              <PageLink to="/join/$federation" params={{ federation: id }} inherit>
                {config.name}
              </PageLink>
            </Title>
            <Badge color={stateColor(status.state)} variant="light">
              {plainStateWords[status.state]}
            </Badge>
          </Group>
          {config.description ? <Text c="dimmed">{config.description}</Text> : null}
          {host ? (
            <Text size="sm" c="dimmed">
              {strings.runBy} {host.name}
            </Text>
          ) : null}
        </Stack>
        <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="md" w={{ base: '100%', md: 400 }}>
          <Small label={strings.model} value={config.model} />
          <Small label={strings.round} value={roundOf(status.round, status.rounds)} />
          <Small label={strings.here} value={String(status.ready)} />
          <Small label={strings.entry} value={strings[config.access]} />
        </SimpleGrid>
      </Group>
    </Paper>
  );
}

function Small({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" fw={500}>
        {value}
      </Text>
    </Stack>
  );
}
