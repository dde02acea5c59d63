import { Button, Group, Loader, Paper, Progress, Stack, Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { strings } from '#strings/session-view.ts';
import { activityShare, describeActivity, describePhase } from '../../shared/session/describe-activity.ts';
import type { SessionState } from '../../shared/session/session-state.ts';

interface StatusCardProps {
  readonly session: SessionState;
  readonly canLeave: boolean;
  readonly onLeave: () => void;
  readonly children?: ReactNode;
}

/** What happens now, in words and as a bar. */
export function StatusCard({ session, canLeave, onLeave, children }: StatusCardProps) {
  const share = activityShare(session.activity);
  const isAtWork = session.endedAt === null && session.phase !== 'idle';
  const round = session.rounds.at(-1);
  return (
    <Paper withBorder radius="lg" p={{ base: 'md', sm: 'lg' }} shadow="xs">
      <Stack gap="sm">
        <Group justify="space-between" gap="md" wrap="nowrap" align="flex-start">
          <Stack gap={2} miw={0}>
            <Text size="xs" c="dimmed" fw={500}>
              {roundLine(session, round?.attempt)}
            </Text>
            <Group gap="sm" wrap="nowrap">
              {isAtWork ? <Loader size="xs" aria-hidden /> : null}
              <Text fw={600} size="lg" lh={1.35} data-testid="status" data-state={session.phase}>
                {describeActivity(session)}
              </Text>
            </Group>
          </Stack>
          {canLeave ? (
            <Button variant="default" size="xs" onClick={onLeave} style={{ flexShrink: 0 }}>
              {strings.leave}
            </Button>
          ) : null}
        </Group>
        <Progress
          value={100 * (share ?? (isAtWork ? 1 : 0))}
          animated={isAtWork}
          striped={isAtWork && share === null}
          color={session.phase === 'failed' ? 'red' : session.phase === 'finished' ? 'teal' : 'cyan'}
          aria-label={strings.progress}
          size="md"
        />
        {session.lastProblem ? (
          <Text size="sm" c="orange" data-code={session.lastProblem.error.code}>
            {session.lastProblem.error.message} {session.lastProblem.retry}
          </Text>
        ) : null}
        {children}
        {/* Every step would be too much to listen to: what is announced changes with the phase only. */}
        <VisuallyHidden role="status" aria-live="polite">
          {describePhase(session)}
        </VisuallyHidden>
      </Stack>
    </Paper>
  );
}

function roundLine({ status, rounds, connected, endedAt }: SessionState, attempt: number | undefined): string {
  const number = rounds.at(-1)?.number ?? 0;
  const of = status?.rounds;
  const round = number && of ? `Round ${number} of ${of}` : strings.beforeRounds;
  const repeated = attempt && attempt > 1 ? ` (attempt ${attempt})` : '';
  const line = endedAt === null && status && !connected ? ` · ${strings.offline}` : '';
  return `${round}${repeated}${line}`;
}
