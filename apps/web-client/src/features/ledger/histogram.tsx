import { Stack, Text, Title } from '@mantine/core';
import { barTitle, describeHistogram, figure, strings } from '#strings/ledger.ts';
import type { Histogram as Counts } from '../../contract/ledger-api.ts';
import classes from './ledger.module.css';

const HEIGHT = 120;
/** Of a bar's place. */
const GAP = 0.15;

/** How many values lie where. */
export function Histogram({ histogram }: { readonly histogram: Counts }) {
  const { from, to, counts } = histogram;
  const highest = Math.max(...counts, 1);
  const width = 100 / counts.length;
  const step = (to - from) / counts.length;
  return (
    <Stack gap="xs">
      <Title order={4} size="h6">
        {strings.histogram.title}
      </Title>
      <svg
        className={classes.bars}
        height={HEIGHT + 20}
        role="img"
        aria-label={describeHistogram(histogram)}
        data-testid="histogram"
      >
        {counts.map((count, i) => {
          // One value in a million is to be seen as well.
          const height = count === 0 ? 0 : Math.max(1.5, (HEIGHT * count) / highest);
          const start = from + i * step;
          return (
            <rect
              key={start}
              className={classes.bar}
              x={`${(i + GAP / 2) * width}%`}
              width={`${(1 - GAP) * width}%`}
              y={HEIGHT - height}
              height={height}
              rx={1}
            >
              <title>{barTitle(start, start + step, count)}</title>
            </rect>
          );
        })}
        <line className={classes.axis} x1="0%" x2="100%" y1={HEIGHT} y2={HEIGHT} />
        <text className={classes.tick} x="0%" y={HEIGHT + 16} textAnchor="start">
          {figure(from)}
        </text>
        {from < 0 ? (
          <text className={classes.tick} x="50%" y={HEIGHT + 16} textAnchor="middle">
            {figure(0)}
          </text>
        ) : null}
        <text className={classes.tick} x="100%" y={HEIGHT + 16} textAnchor="end">
          {figure(to)}
        </text>
      </svg>
      <Text size="xs" c="dimmed">
        {strings.histogram.caption}
      </Text>
    </Stack>
  );
}
