import { Box, Group, Loader, Progress, Text, VisuallyHidden } from '@mantine/core';
import { useNetwork } from '@mantine/hooks';
import { type ReactNode, useEffect, useRef } from 'react';
import { endLine, gain, roundLine, strings, timeLine } from '#strings/session-view.ts';
import { figureOfModule } from '../../contract/session/figure-of-module.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { activityShare, describeActivity, describePhase } from '../../shared/session/describe-activity.ts';
import { useNow } from '../../shared/ui/use-now.ts';
import { noticeOf } from './notice-of.ts';
import classes from './status-card.module.css';

interface StatusCardProps {
  readonly session: SessionState;
  /** Whether a run is under way. */
  readonly isRunning: boolean;
  /** Whether the person has just asked for this: the view and the focus go to it. */
  readonly takesFocus?: boolean;
  /** What can be done, at the right of the status. */
  readonly actions: ReactNode;
}

/** What happens now: in words, as a bar, and how long it takes. Nothing in it changes its height while it works. */
export function StatusCard({ session, isRunning, takesFocus = false, actions }: StatusCardProps) {
  const { online } = useNetwork();
  const card = useRef<HTMLElement>(null);
  const share = activityShare(session.activity);
  const isAtWork = session.endedAt === null && session.phase !== 'idle';
  const isComputing = isAtWork && session.pause !== 'held';
  const round = session.rounds.at(-1);
  const notice = noticeOf(session, { isRunning, isOnline: online });
  useEffect(() => {
    if (!takesFocus) return;
    card.current?.scrollIntoView({ block: 'start' });
    card.current?.focus({ preventScroll: true });
  }, [takesFocus]);
  return (
    <section ref={card} className={classes.card} tabIndex={-1} aria-label={strings.now}>
      <div className={classes.head}>
        <Text size="xs" c="dimmed" fw={500} className={classes.round}>
          {roundLine(round?.number ?? 0, session.status?.rounds, round?.attempt ?? 1)}
        </Text>
        <Group gap={8} wrap="nowrap" align="flex-start" className={classes.status}>
          {isComputing ? <Loader size={14} mt={4} aria-hidden style={{ flexShrink: 0 }} /> : null}
          <span
            data-testid="status"
            data-state={session.phase}
            data-paused={session.pause === 'off' ? undefined : session.pause}
          >
            {describeActivity(session)}
          </span>
        </Group>
        <div className={classes.actions}>{actions}</div>
      </div>
      <Progress
        value={100 * (share ?? (isComputing ? 1 : 0))}
        animated={isComputing}
        striped={isComputing && share === null}
        color={
          session.phase === 'failed' ? 'red' : session.phase === 'finished' ? 'teal' : isComputing ? 'cyan' : 'gray.5'
        }
        aria-label={strings.progress}
        size="sm"
      />
      <div className={classes.foot}>
        <span className={classes.times} data-testid="times">
          {isRunning && isAtWork ? <TimeLeft session={session} /> : lineOfEnd(session)}
        </span>
        <Box className={classes.notice} data-tone={notice.tone} data-code={notice.code}>
          {notice.text}
        </Box>
      </div>
      {/* Every step would be too much to listen to: what is announced changes with the phase only. */}
      <VisuallyHidden role="status" aria-live="polite">
        {describePhase(session)}
      </VisuallyHidden>
    </section>
  );
}

function TimeLeft({ session: { estimate, rounds } }: { readonly session: SessionState }) {
  const now = useNow();
  const round = rounds.at(-1);
  const until = (moment: number | null | undefined) =>
    moment === null || moment === undefined ? null : Math.max(0, (moment - now) / 1000);
  return timeLine({
    step: until(estimate?.activityEndsAt),
    part: until(estimate?.roundEndsAt),
    round: round?.outcome === 'open' ? until(round.deadlineAt) : null,
  });
}

/** Once there is nothing to wait for. */
function lineOfEnd(session: SessionState): string {
  const { basePerplexity, rounds, startedAt, endedAt, bytesUp } = session;
  return endLine({
    rounds: rounds.filter(({ tuned }) => tuned !== null).length,
    gain: gain(basePerplexity, figureOfModule(session)),
    seconds: startedAt === null || endedAt === null ? null : (endedAt - startedAt) / 1000,
    sent: bytesUp,
  });
}
