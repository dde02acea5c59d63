import { Box, Group, Loader, Paper, Progress, SimpleGrid, Stack, Text, VisuallyHidden } from '@mantine/core';
import { useNetwork } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { closesIn, gain, roundLine, strings, timeLeft, tokensASecond } from '#strings/session-view.ts';
import { figureOfModule } from '../../contract/session/figure-of-module.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { formatDuration } from '../../shared/format/format-duration.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { activityShare, describeActivity, describePhase } from '../../shared/session/describe-activity.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { useNow } from '../../shared/ui/use-now.ts';
import { noticeOf } from './notice-of.ts';
import classes from './status-card.module.css';

interface StatusCardProps {
  readonly session: SessionState;
  /** Whether a run is under way. */
  readonly isRunning: boolean;
  /** What can be done, at the right of the status. */
  readonly actions: ReactNode;
  readonly children?: ReactNode;
}

/** What happens now: in words, as a bar, and how long it takes. Nothing in it changes its height while it works. */
export function StatusCard({ session, isRunning, actions, children }: StatusCardProps) {
  const { online } = useNetwork();
  const share = activityShare(session.activity);
  const isAtWork = session.endedAt === null && session.phase !== 'idle';
  const isComputing = isAtWork && session.pause !== 'held';
  const round = session.rounds.at(-1);
  const notice = noticeOf(session, { isRunning, isOnline: online });
  return (
    <Paper withBorder radius="lg" p={{ base: 'md', sm: 'lg' }} shadow="xs" component="section" aria-label={strings.now}>
      <Stack gap="md">
        <div className={classes.head}>
          <Stack gap={2} miw={0}>
            <Text size="xs" c="dimmed" fw={500}>
              {roundLine(round?.number ?? 0, session.status?.rounds, round?.attempt ?? 1)}
            </Text>
            <Group gap="sm" wrap="nowrap" align="flex-start" className={classes.status}>
              {isComputing ? <Loader size="xs" mt={5} aria-hidden /> : null}
              <Text
                fw={600}
                size="lg"
                lh={1.35}
                data-testid="status"
                data-state={session.phase}
                data-paused={session.pause === 'off' ? undefined : session.pause}
              >
                {describeActivity(session)}
              </Text>
            </Group>
          </Stack>
          {actions}
        </div>
        <Progress
          value={100 * (share ?? (isComputing ? 1 : 0))}
          animated={isComputing}
          striped={isComputing && share === null}
          color={
            session.phase === 'failed' ? 'red' : session.phase === 'finished' ? 'teal' : isComputing ? 'cyan' : 'gray.5'
          }
          aria-label={strings.progress}
          size="md"
        />
        {isRunning && isAtWork ? <TimeFacts session={session} /> : <EndFacts session={session} />}
        <Box className={classes.notice} data-tone={notice.tone} data-code={notice.code}>
          {notice.text}
        </Box>
        {children}
        {/* Every step would be too much to listen to: what is announced changes with the phase only. */}
        <VisuallyHidden role="status" aria-live="polite">
          {describePhase(session)}
        </VisuallyHidden>
      </Stack>
    </Paper>
  );
}

function TimeFacts({ session }: { readonly session: SessionState }) {
  const now = useNow();
  const { estimate, tokensPerSecond } = session;
  const round = session.rounds.at(-1);
  const until = (moment: number | null | undefined) =>
    moment === null || moment === undefined ? null : Math.max(0, (moment - now) / 1000);
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="md" verticalSpacing="xs">
      <Fact label={strings.facts.activity} value={timeLeft(until(estimate?.activityEndsAt))} />
      <Fact label={strings.facts.round} value={timeLeft(until(estimate?.roundEndsAt))} />
      <Fact
        label={strings.facts.deadline}
        value={closesIn(round?.outcome === 'open' ? until(round.deadlineAt) : null)}
      />
      <Fact label={strings.facts.speed} value={tokensASecond(tokensPerSecond)} />
    </SimpleGrid>
  );
}

/** Takes the same room, once there is nothing to wait for. */
function EndFacts({ session }: { readonly session: SessionState }) {
  const { basePerplexity, rounds, startedAt, endedAt, bytesUp } = session;
  const own = figureOfModule(session);
  const seconds = startedAt === null || endedAt === null ? null : (endedAt - startedAt) / 1000;
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="md" verticalSpacing="xs">
      <Fact label={strings.end.rounds} value={rounds.filter(({ tuned }) => tuned !== null).length} />
      <Fact label={strings.end.perplexity} value={gain(basePerplexity, own)} />
      <Fact label={strings.end.time} value={seconds === null ? strings.unknown : formatDuration(seconds)} />
      <Fact label={strings.end.sent} value={formatBytes(bytesUp)} />
    </SimpleGrid>
  );
}
