import { Badge, Group, Stack, Text } from '@mantine/core';
import type { FederationDetail, RoundView } from '@perfit/protocol';
import {
  phaseLine,
  phaseWords,
  roundAttempt,
  roundStateWords,
  submissionLine,
  roundStrings as words,
} from '#strings/operator.ts';
import { useChartColors } from '../../shared/ui/chart-colors.ts';
import { useNow } from '../../shared/ui/use-now.ts';
import { type Phase, type PhaseTimes, phases, timedRounds } from './round-figures.ts';
import classes from './round-rows.module.css';

const colors = { training: 'teal', aggregating: 'teal', committed: 'gray', failed: 'red' } as const;

/** Every attempt of every round, the latest first: what its time went into, who submitted, and why it failed. */
export function RoundRows({ detail }: { readonly detail: FederationDetail }) {
  const now = useNow();
  if (!detail.rounds.length) return <Text c="dimmed">{words.none}</Text>;
  const rows = timedRounds(detail.rounds, now).reverse();
  const longest = Math.max(1, ...rows.map(({ times }) => total(times)));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls by keys
    <section tabIndex={0} aria-label={words.title} className={classes.scroll}>
      <ol className={classes.list}>
        {rows.map(({ round, times }) => (
          <li key={`${round.number}.${round.attempt}`} className={classes.row}>
            <Group gap="xs" align="center">
              <Text fw={600} size="sm">
                {roundAttempt(round)}
              </Text>
            </Group>
            <PhaseBar times={times} longest={longest} />
            <Stack gap={2} className={classes.words}>
              <Group gap="xs">
                <Badge variant="light" size="sm" color={colors[round.state]}>
                  {roundStateWords[round.state]}
                </Badge>
                <Text size="sm" c="dimmed">
                  {phaseLine(times)}
                </Text>
              </Group>
              {round.reason ? <Text size="sm">{round.reason}</Text> : null}
              <Submissions round={round} />
            </Stack>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** For the eye: the words beside it say the same. */
function PhaseBar({ times, longest }: { readonly times: PhaseTimes; readonly longest: number }) {
  const colorOf = usePhaseColors();
  return (
    <div className={classes.bar} aria-hidden>
      {phases.map((phase) =>
        times[phase] > 0 ? (
          <span
            key={phase}
            title={phaseWords[phase]}
            style={{ width: `${(100 * times[phase]) / longest}%`, background: colorOf[phase] }}
          />
        ) : null,
      )}
    </div>
  );
}

/** The same in the rows and in the chart of all rounds. */
export function usePhaseColors(): Readonly<Record<Phase, string>> {
  const { quiet, own, warm, received } = useChartColors();
  return { waiting: quiet, tuning: own, settling: warm, committing: received };
}

function Submissions({ round }: { readonly round: RoundView }) {
  if (!round.submissions.length) {
    return (
      <Text size="sm" c="dimmed">
        {words.noSubmission}
      </Text>
    );
  }
  return round.submissions.map((submission) => (
    <Text key={submission.client} size="sm" style={{ overflowWrap: 'anywhere' }}>
      {submissionLine(submission)}
    </Text>
  ));
}

function total(times: PhaseTimes): number {
  return phases.reduce((sum, phase) => sum + times[phase], 0);
}
