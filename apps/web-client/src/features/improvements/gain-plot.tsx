import { Group, Text } from '@mantine/core';
import { describePlot, strings, timesOf } from '#strings/improvements.ts';
import type { ComparedExample } from '../../contract/comparison-api.ts';
import classes from './gain-plot.module.css';
import { byGain, gainOf, standingOf, tallyOf } from './gains.ts';
import { placeDots } from './place-dots.ts';

const HEIGHT = 80;
const DOT = 11;

/** One dot an example: how much less or more surprised the personal model is than the base model. */
export function GainPlot({ examples }: { readonly examples: readonly ComparedExample[] }) {
  const sorted = byGain(examples);
  const median = gainOf(sorted[Math.floor(sorted.length / 2)] as ComparedExample);
  const { dots, ticks, middle } = placeDots(sorted.map(gainOf), { height: HEIGHT, dot: DOT });
  const tally = tallyOf(examples);
  return (
    <figure className={classes.figure}>
      <svg
        className={classes.plot}
        height={HEIGHT + 24}
        role="img"
        aria-label={describePlot(tally, median)}
        data-testid="gain-plot"
      >
        <line className={classes.axis} x1="0%" x2="100%" y1={HEIGHT + 2} y2={HEIGHT + 2} />
        <line className={classes.middle} x1={percent(middle)} x2={percent(middle)} y1={0} y2={HEIGHT + 2} />
        {sorted.map((example, i) => {
          const { x, y } = dots[i] as { x: number; y: number };
          return <circle key={i} className={classes[standingOf(example)]} cx={percent(x)} cy={y} r={DOT / 2 - 1.5} />;
        })}
        {ticks.map(({ gain, x }) => (
          <text key={gain} className={classes.tick} x={percent(x)} y={HEIGHT + 18} textAnchor={anchorAt(x)}>
            {timesOf(gain)}
          </text>
        ))}
      </svg>
      <Group justify="space-between" gap="xs" wrap="nowrap" aria-hidden>
        <Text size="xs" c="dimmed">
          {`← ${strings.more}`}
        </Text>
        <Text size="xs" c="dimmed" ta="right">
          {`${strings.less} →`}
        </Text>
      </Group>
      <Group gap="md" mt="xs" aria-hidden>
        {(['better', 'worse', 'same'] as const).map((standing) => (
          <Group key={standing} gap={6} wrap="nowrap">
            <svg width={DOT} height={DOT} aria-hidden="true">
              <circle className={classes[standing]} cx={DOT / 2} cy={DOT / 2} r={DOT / 2 - 1.5} />
            </svg>
            <Text size="xs">{`${strings.legend[standing]}: ${tally[standing]}`}</Text>
          </Group>
        ))}
      </Group>
    </figure>
  );
}

function percent(share: number): string {
  return `${100 * share}%`;
}

/** Nothing hangs over an edge. */
function anchorAt(share: number): 'start' | 'middle' | 'end' {
  if (share < 0.05) return 'start';
  return share > 0.95 ? 'end' : 'middle';
}
