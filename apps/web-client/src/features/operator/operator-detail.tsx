import { Badge, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { SMALLEST_GROUP } from '@perfit/protocol';
import { stateWords } from '#strings/federation-state.ts';
import {
  atlasLead,
  atlasStrings,
  downloadStrings,
  methodLine,
  readyLine,
  roundLine,
  detailStrings as words,
} from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { isOver, stateColor } from '../../shared/federation/federation-state.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { PageLink } from '../../shared/ui/links.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { ClientsTable } from './clients-table.tsx';
import { Downloads } from './downloads.tsx';
import { Events } from './events.tsx';
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
              {stateWords[status.state]}
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
      <Section title={atlasStrings.title} lead={atlasLead(data.config.smallestGroup ?? SMALLEST_GROUP)}>
        <MaskAtlasView detail={data} />
      </Section>
      <Section title={words.events.title}>
        <Events detail={data} />
      </Section>
      <Section title={downloadStrings.title}>
        <Downloads detail={data} />
      </Section>
    </Stack>
  );
}
