import { Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { roundFigures, roundName, roundOutcome, roundTime, strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import classes from './round-timeline.module.css';

interface RoundTimelineProps {
  readonly session: SessionState;
  /** Not where what it stands in says what it is. */
  readonly isTitled?: boolean;
}

/** What became of each round, in words. Its height is fixed: it grows inside, and shows the latest. */
export function RoundTimeline({ session, isTitled = true }: RoundTimelineProps) {
  const isOver = session.endedAt !== null;
  const holder = useRef<HTMLElement>(null);
  const count = session.rounds.length;
  useEffect(() => {
    holder.current?.scrollTo({ top: holder.current.scrollHeight });
  }, [count]);
  return (
    <div>
      {isTitled ? (
        <Text component="h3" size="sm" fw={600} mb={8}>
          {strings.rounds}
        </Text>
      ) : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls by keys */}
      <section ref={holder} className={classes.scroll} tabIndex={0} aria-label={strings.rounds}>
        {session.rounds.length ? (
          <ol className={classes.list} data-testid="rounds">
            {session.rounds.map((round) => (
              <li key={`${round.number}.${round.attempt}`} className={classes.round} data-outcome={round.outcome}>
                <span className={classes.head}>
                  <span className={classes.name}>{roundName(round)}</span>
                  <span className={classes.time}>{roundTime(round)}</span>
                </span>
                <span>{roundOutcome(round, isOver)}</span>
                <span className={classes.figures}>{roundFigures(round)}</span>
              </li>
            ))}
          </ol>
        ) : (
          <Text size="sm" c="dimmed" p="sm">
            {strings.noRounds}
          </Text>
        )}
      </section>
    </div>
  );
}
