import { Badge, Button, CopyButton, Group, Skeleton, Stack, Text, TextInput, Title, Tooltip } from '@mantine/core';
import type { FederationDetail, OperatorAction } from '@perfit/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import {
  actionWords,
  atlasStrings,
  methodLine,
  readyLine,
  roundLine,
  stopWarning,
  detailStrings as words,
} from '#strings/operator.ts';
import { failureOf } from '../../shared/failure/failure.ts';
import { FailureAlert } from '../../shared/notices/failure-alert.tsx';
import { isOver, stateColor, stateWord } from '../../shared/session/federation-state.ts';
import { PageLink } from '../../shared/ui/links.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { act, detailQuery } from './admin-api.ts';
import { ClientsTable } from './clients-table.tsx';
import { FederationCharts } from './federation-charts.tsx';
import { useLiveDetail } from './live-detail.ts';
import { MaskAtlasView } from './mask-atlas.tsx';
import { RoundRows } from './round-rows.tsx';

/** One federation as its operator sees it, live. */
export function OperatorDetail({ id }: { readonly id: string }) {
  const { data, error, live } = useLiveDetail(id);
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
          <Actions detail={data} />
        </Group>
        <Text c="dimmed">{summary.join(' ')}</Text>
      </Stack>
      {over ? null : <Invite detail={data} />}
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

function Actions({ detail }: { readonly detail: FederationDetail }) {
  const queries = useQueryClient();
  const action = useMutation({
    mutationFn: (name: OperatorAction) => act(detail.id, name),
    onSettled: () => queries.invalidateQueries({ queryKey: detailQuery(detail.id).queryKey }),
  });
  const ask = (name: OperatorAction) => {
    if (name !== 'stop' || window.confirm(stopWarning)) action.mutate(name);
  };
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        {detail.actions.map((name) => (
          <Button
            key={name}
            size="sm"
            variant={name === 'stop' ? 'light' : 'default'}
            {...(name === 'stop' ? { color: 'red' } : {})}
            loading={action.isPending && action.variables === name}
            onClick={() => ask(name)}
          >
            {actionWord(name, detail)}
          </Button>
        ))}
      </Group>
      {action.error ? <FailureAlert failure={failureOf(action.error)} /> : null}
    </Stack>
  );
}

/** A start of what has started already does not wait for everybody that was to be recruited. */
function actionWord(name: OperatorAction, { status }: FederationDetail): string {
  return name === 'start' && status.state === 'recruiting' ? actionWords.beginNow : actionWords[name];
}

function Invite({ detail }: { readonly detail: FederationDetail }) {
  const code = detail.invites[0]?.code;
  const link = new URL(`/join/${detail.id}`, window.location.origin);
  if (code) link.searchParams.set('invite', code);
  return (
    <Section title={words.invite.title} lead={words.invite.lead}>
      <Group gap="sm" align="flex-end">
        <TextInput
          label={words.invite.link}
          readOnly
          value={link.href}
          flex={1}
          miw={220}
          onFocus={(event) => event.currentTarget.select()}
        />
        <CopyButton value={link.href}>
          {({ copied, copy }) => (
            <Tooltip label={words.invite.copied} opened={copied}>
              <Button variant="default" onClick={copy}>
                {words.invite.copy}
              </Button>
            </Tooltip>
          )}
        </CopyButton>
      </Group>
    </Section>
  );
}

function Events({ detail }: { readonly detail: FederationDetail }) {
  if (!detail.events.length) return <Text c="dimmed">{words.events.none}</Text>;
  const latest = detail.events.toSorted((a, b) => b.sequence - a.sequence).slice(0, 60);
  return (
    <Stack gap={4} component="ol" p={0} m={0} mah={360} style={{ listStyle: 'none', overflowY: 'auto' }}>
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
  );
}
