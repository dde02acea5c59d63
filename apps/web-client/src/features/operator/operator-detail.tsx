import { Badge, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { FederationDetail } from '@perfit/protocol';
import { atlasStrings, methodLine, readyLine, roundLine, detailStrings as words } from '#strings/operator.ts';
import { failureOf } from '../../shared/failure/failure.ts';
import { FailureAlert } from '../../shared/notices/failure-alert.tsx';
import { isOver, stateColor, stateWord } from '../../shared/session/federation-state.ts';
import { PageLink } from '../../shared/ui/links.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { ClientsTable } from './clients-table.tsx';
import { FederationActions } from './federation-actions.tsx';
import { FederationCharts } from './federation-charts.tsx';
import { Invites } from './invites.tsx';
import { useLiveDetail } from './live-detail.ts';
import { MaskAtlasView } from './mask-atlas.tsx';
import { RoundRows } from './round-rows.tsx';
import { useMay } from './use-role.ts';

/** One federation as its operator sees it, live. */
export function OperatorDetail({ id }: { readonly id: string }) {
  const { data, error, live } = useLiveDetail(id);
  const mayRun = useMay('operator');
  if (error && !data) return <FailureAlert failure={failureOf(error)} />;
  if (!data) return <Skeleton height={320} radius="lg" />;
  const { config, status } = data;
  const over = isOver(status.state);
  const summary = [
    roundLine(status.round, status.rounds),
    ...(over ? [] : [readyLine(status.ready, status.recruit)]),
    methodLine(config.strategy, config.model, data.layoutSize),
    live ? words.live : words.notLive,
    ...(status.reason ? [status.reason] : []),
  ];
  return (
    <Stack gap="md">
      <Stack gap="xs">
        <PageLink to="/operator" size="sm">
          {words.back}
        </PageLink>
        <Group justify="space-between" gap="sm">
          <Group gap="sm">
            <Title order={1}>{config.name}</Title>
            <Badge size="lg" variant="light" color={stateColor(status.state)}>
              {stateWord(status.state)}
            </Badge>
          </Group>
          <FederationActions detail={data} />
        </Group>
        <Text c="dimmed">{summary.join(' ')}</Text>
      </Stack>
      {over || !mayRun ? null : <Invites detail={data} />}
      <Section title={words.rounds}>
        <RoundRows detail={data} />
      </Section>
      <Section title={words.figures}>
        <FederationCharts detail={data} />
      </Section>
      <Section title={words.clients}>
        <ClientsTable detail={data} />
      </Section>
      <Section title={atlasStrings.title} lead={atlasStrings.lead}>
        <MaskAtlasView detail={data} />
      </Section>
      <Section title={words.events.title}>
        <Events detail={data} />
      </Section>
    </Stack>
  );
}

function Events({ detail }: { readonly detail: FederationDetail }) {
  if (!detail.events.length) return <Text c="dimmed">{words.events.none}</Text>;
  const latest = detail.events.toSorted((a, b) => b.sequence - a.sequence).slice(0, 60);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls by keys
    <section tabIndex={0} aria-label={words.events.latest} style={{ maxHeight: 360, overflowY: 'auto' }}>
      <Stack gap={4} component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
        {latest.map((event) => (
          <Group key={event.sequence} component="li" gap="sm" wrap="nowrap" align="baseline">
            <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
              {new Date(event.at).toLocaleTimeString()}
            </Text>
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {event.text}
            </Text>
          </Group>
        ))}
      </Stack>
    </section>
  );
}
