import { Button, Group, Paper, Skeleton, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import type { FederationSummary } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { strings } from '#strings/app.ts';
import type { Seat } from '../engine/engine-api.ts';
import { AboutFederation } from '../features/about-federation/about-federation.tsx';
import { DeviceCheck } from '../features/device-check/device-check.tsx';
import { LocalText } from '../features/local-text/local-text.tsx';
import type { Dataset } from '../features/local-text/use-local-text.ts';
import { type StartChoices, StartForm } from '../features/start-form/start-form.tsx';
import { hasBudget, maxDensityFor } from '../shared/budget/budget.ts';
import { federationQuery } from '../shared/coordinator/federations.ts';
import { failureOf } from '../shared/failure/failure.ts';
import { FailureAlert } from '../shared/notices/failure-alert.tsx';
import { isOver } from '../shared/session/federation-state.ts';
import { PageLink, PageLinkButton } from '../shared/ui/links.tsx';
import { GoOnOrAfresh } from './go-on-or-afresh.tsx';
import type { JoinSearch } from './join-search.ts';
import { type ParticipationControls, useParticipation } from './use-participation.ts';

// Charts and chat come with the start: a first look needs neither.
const SessionView = lazy(async () => ({ default: (await import('./session-view.tsx')).SessionView }));

/** /join/:federation: from a first look to a personal model. */
export function JoinPage() {
  const { federation: id } = useParams({ from: '/join/$federation' });
  const search = useSearch({ from: '/join/$federation' });
  const seat = useMemo(() => ({ federation: id, as: search.as ?? '' }), [id, search.as]);
  const { data, error } = useQuery(federationQuery(id));
  const controls = useParticipation(seat);
  const { participation } = controls;

  return (
    <Stack gap="md">
      <Title order={1}>{data?.config.name ?? id}</Title>
      {error && !data ? (
        <FailureAlert failure={failureOf(error)} title="This federation could not be looked up">
          <PageLink to="/" size="sm">
            See the list of federations
          </PageLink>
        </FailureAlert>
      ) : null}
      {participation.kind === 'refused' ? <Refusal controls={controls} seat={seat} search={search} /> : null}
      {participation.kind === 'earlier' ? <Earlier controls={controls} /> : null}
      {participation.kind === 'running' || participation.kind === 'ended' ? (
        <Suspense fallback={<Skeleton height={320} radius="lg" />}>
          <SessionView controls={controls} />
        </Suspense>
      ) : (
        // Programs that drive the page look for the status from the start.
        <VisuallyHidden data-testid="status" data-state="idle">
          Not started
        </VisuallyHidden>
      )}
      {participation.kind === 'new' && data ? <Setup federation={data} search={search} controls={controls} /> : null}
      {participation.kind === 'looking' || (participation.kind === 'new' && !data && !error) ? (
        <Skeleton height={320} radius="lg" />
      ) : null}
    </Stack>
  );
}

interface SetupProps {
  readonly federation: FederationSummary;
  readonly search: JoinSearch;
  readonly controls: ParticipationControls;
}

/** Everything before the start. */
function Setup({ federation, search, controls }: SetupProps) {
  const { config, status } = federation;
  const [dataset, setDataset] = useState<Dataset | null>(null);
  const [choices, setChoices] = useState<StartChoices>(() => ({
    name: search.name ?? '',
    invite: search.invite ?? '',
    backend: search.backend ?? 'auto',
    threads: search.threads ? Number(search.threads) : null,
    shareEvaluation: true,
    portion: 'full',
  }));
  const split = useMemo(() => ({ ...config.evaluation, seed: config.seed }), [config]);
  const reader = useMemo(
    () => ({ modelPath: federation.modelPath, maxLength: config.tuning.maxLength }),
    [federation.modelPath, config.tuning.maxLength],
  );
  const wish = useMemo(
    () => ({ backend: choices.backend, ...(choices.threads === null ? {} : { threads: choices.threads }) }),
    [choices.backend, choices.threads],
  );
  const start = () => {
    if (!dataset) return;
    const invite = choices.invite.trim();
    const maxDensity = maxDensityFor(config, choices.portion);
    controls.join({
      name: choices.name.trim(),
      ...(invite ? { invite } : {}),
      dataset: { name: dataset.name, files: dataset.files },
      ...wish,
      shareEvaluation: choices.shareEvaluation,
      ...(maxDensity === undefined ? {} : { maxDensity }),
    });
  };
  return (
    <>
      <AboutFederation step={1} federation={federation} />
      {isOver(status.state) ? (
        <FailureAlert
          title="This federation is over"
          failure={{ code: 'federation-ended', message: 'It takes nobody in any more. Look for another one.' }}
        >
          <PageLink to="/" size="sm">
            See the list of federations
          </PageLink>
        </FailureAlert>
      ) : (
        <>
          <LocalText step={2} split={split} reader={reader} onChange={setDataset} />
          <DeviceCheck step={3} wish={wish} />
          <StartForm
            step={4}
            choices={choices}
            needsInvite={config.access === 'invite'}
            hasBudget={hasBudget(config)}
            obstacle={obstacleOf(dataset)}
            busy={false}
            onChange={setChoices}
            onStart={start}
          />
        </>
      )}
    </>
  );
}

function obstacleOf(dataset: Dataset | null): string | null {
  if (!dataset) return strings.join.needsText;
  const { training, heldOut } = dataset.report.examples;
  return training < 1 || heldOut < 1 ? strings.join.tooFew : null;
}

/** A sitting that has ended, as this browser remembers it. */
function Earlier({ controls }: { readonly controls: ParticipationControls }) {
  if (controls.participation.kind !== 'earlier') return null;
  const { earlier } = controls.participation;
  const isFinished = earlier.standing === 'finished';
  return (
    <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
      <Stack gap="sm">
        <Title order={2} size="h3">
          Welcome back, {earlier.name}
        </Title>
        <Text>
          {isFinished
            ? 'You have been through this federation. Your personal model is kept in this browser.'
            : `You left ${earlier.round > 0 ? `in round ${earlier.round}` : 'before the first round'}. Your text (${earlier.dataset.name}) and what you have learned are kept in this browser.`}
        </Text>
        <Group gap="sm">
          {isFinished ? (
            <Button onClick={controls.reopen}>{strings.join.loadModel}</Button>
          ) : (
            <Button onClick={() => controls.resume(false)}>{strings.join.goOn}</Button>
          )}
          <Button variant="default" onClick={controls.startAfresh}>
            {strings.join.afresh}
          </Button>
        </Group>
        <Text size="sm" c="dimmed">
          {strings.join.afreshHint}
        </Text>
      </Stack>
    </Paper>
  );
}

interface RefusalProps {
  readonly controls: ParticipationControls;
  readonly seat: Seat;
  readonly search: JoinSearch;
}

/** The worker would not begin. */
function Refusal({ controls, seat, search }: RefusalProps) {
  if (controls.participation.kind !== 'refused') return null;
  const { failure } = controls.participation;
  if (failure.code === 'other-tab') {
    return (
      <FailureAlert failure={failure} title={strings.join.otherTab}>
        <Button size="xs" onClick={() => controls.resume(true)}>
          {strings.join.takeOver}
        </Button>
        <PageLinkButton
          size="xs"
          variant="default"
          to="/join/$federation"
          params={{ federation: seat.federation }}
          search={{ ...search, name: undefined, as: anotherSeat(seat.as) }}
        >
          {strings.join.asAnother}
        </PageLinkButton>
      </FailureAlert>
    );
  }
  return (
    <FailureAlert failure={failure}>
      <GoOnOrAfresh controls={controls} />
    </FailureAlert>
  );
}

/** "", "2", "3", … */
function anotherSeat(as: string): string {
  return String((Number(as) || 1) + 1);
}
