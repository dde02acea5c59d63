import { Button, Skeleton, Stack, Title, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo, useRef } from 'react';
import { strings as common } from '#strings/app.ts';
import { strings } from '#strings/join.ts';
import { failureOf } from '../contract/failure.ts';
import type { Seat } from '../contract/run-api.ts';
import { federationQuery } from '../shared/api/federations.ts';
import { FailureAlert } from '../shared/ui/failure-alert.tsx';
import { PageLink, PageLinkButton } from '../shared/ui/links.tsx';
import { EarlierRun } from './earlier-run.tsx';
import { GoOnOrAfresh } from './go-on-or-afresh.tsx';
import type { JoinSearch } from './join-search.ts';
import { JoinSetup } from './join-setup.tsx';
import { useInvite } from './use-invite.ts';
import { type ParticipationControls, useParticipation } from './use-participation.ts';

// Charts and chat come with the start: a first look needs neither.
const SessionView = lazy(async () => ({ default: (await import('./session-view.tsx')).SessionView }));

/** /join/:federation: from a first look to a personal model. */
export function JoinPage() {
  const { federation: id } = useParams({ from: '/join/$federation' });
  const search = useSearch({ from: '/join/$federation' });
  const invite = useInvite(id, search.invite);
  const seat = useMemo(() => ({ federation: id, as: search.as ?? '' }), [id, search.as]);
  const { data, error } = useQuery(federationQuery(id));
  const controls = useParticipation(seat);
  const { participation } = controls;
  const { kind } = participation;
  // A session that goes on by itself after a reload is not what anybody has just asked for.
  const hasAsked = useRef(false);
  hasAsked.current ||= kind === 'new' || kind === 'earlier' || kind === 'refused';
  const navigate = useNavigate({ from: '/join/$federation' });
  const isLeftOver = kind === 'new' && search.view !== undefined;
  useEffect(() => {
    // What was looked at last time is nothing to begin with.
    if (isLeftOver) {
      void navigate({ search: (now) => ({ ...now, view: undefined }), replace: true, resetScroll: false });
    }
  }, [isLeftOver, navigate]);

  return (
    <Stack gap="clamp(10px, 2vw, 16px)">
      <Title order={1}>{data?.config.name ?? id}</Title>
      {error && !data ? (
        <FailureAlert failure={failureOf(error)} title={strings.notFound}>
          <PageLink to="/" size="sm">
            {strings.allFederations}
          </PageLink>
        </FailureAlert>
      ) : null}
      {participation.kind === 'refused' ? <Refusal controls={controls} seat={seat} search={search} /> : null}
      {participation.kind === 'earlier' ? <EarlierRun earlier={participation.earlier} controls={controls} /> : null}
      {participation.kind === 'running' || participation.kind === 'ended' ? (
        <Suspense fallback={<Skeleton height={320} radius="lg" />}>
          <SessionView
            seat={seat}
            preview={data?.config ?? null}
            controls={controls}
            view={search.view ?? 'result'}
            takesFocus={hasAsked.current}
          />
        </Suspense>
      ) : (
        // Programs that drive the page look for the status from the start.
        <VisuallyHidden data-testid="status" data-state="idle">
          {strings.notStarted}
        </VisuallyHidden>
      )}
      {participation.kind === 'new' && data ? (
        <JoinSetup key={id} seat={seat} federation={data} search={search} invite={invite} controls={controls} />
      ) : null}
      {participation.kind === 'looking' || (participation.kind === 'new' && !data && !error) ? (
        <>
          <Skeleton height={560} radius="lg" />
          <Skeleton height={440} radius="lg" />
        </>
      ) : null}
    </Stack>
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
      <FailureAlert failure={failure} title={common.join.otherTab}>
        <Button size="xs" onClick={() => controls.resume(true)}>
          {common.join.takeOver}
        </Button>
        <PageLinkButton
          size="xs"
          variant="default"
          to="/join/$federation"
          params={{ federation: seat.federation }}
          search={{ ...search, name: undefined, view: undefined, as: anotherSeat(seat.as) }}
        >
          {common.join.asAnother}
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
