import { SimpleGrid } from '@mantine/core';
import type { FederationDetail } from '@perfit/protocol';
import { bytesCaption, participationCaption, phaseWords, chartStrings as words } from '#strings/operator.ts';
import { formatBytes, formatPerplexity, formatSeconds } from '../../shared/format/format-number.ts';
import { useChartColors } from '../../shared/ui/chart-colors.ts';
import { LineChart } from '../../shared/ui/line-chart.tsx';
import { phases, type RoundFigures, roundFigures, timedRounds } from './round-figures.ts';
import { usePhaseColors } from './round-rows.tsx';

/** What the rounds came to: means over those who share their figures, and what everything took. */
export function FederationCharts({ detail }: { readonly detail: FederationDetail }) {
  const colors = useChartColors();
  const colorOf = usePhaseColors();
  const figures = roundFigures(detail.rounds);
  const shared = figures.filter(({ tuned }) => tuned !== null);
  const lossy = figures.filter(({ loss }) => loss !== null);
  const times = timesByRound(detail);
  const sums = detail.clients.reduce(
    (sum, { bytesUp, bytesDown }) => ({ up: sum.up + bytesUp, down: sum.down + bytesDown }),
    { up: 0, down: 0 },
  );
  const common = { xLabel: words.round, wholeX: true, height: 200, isTitled: true } as const;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
      <LineChart
        {...common}
        points
        label={words.perplexity}
        x={numbers(shared)}
        series={[
          { label: words.base, color: colors.quiet, dashed: true, values: of(shared, 'base') },
          { label: words.received, color: colors.received, values: of(shared, 'received') },
          { label: words.tuned, color: colors.own, values: of(shared, 'tuned') },
          { label: words.lowest, color: colors.own, dashed: true, values: of(shared, 'lowest') },
          { label: words.highest, color: colors.own, dashed: true, values: of(shared, 'highest') },
        ]}
        formatY={formatPerplexity}
        empty={words.nothingShared}
        caption={words.perplexityCaption}
      />
      <LineChart
        {...common}
        points
        label={words.loss}
        x={numbers(lossy)}
        series={[{ label: words.meanLoss, color: colors.own, values: of(lossy, 'loss') }]}
        empty={words.nothingShared}
        caption={words.lossCaption}
      />
      <LineChart
        {...common}
        stacked
        label={words.time}
        x={times.map(({ number }) => number)}
        series={phases.map((phase) => ({
          label: phaseWords[phase],
          color: colorOf[phase],
          values: times.map((round) => round[phase]),
        }))}
        formatY={formatSeconds}
        empty={words.noRound}
        caption={words.timeCaption}
      />
      <LineChart
        {...common}
        bars
        label={words.participation}
        x={numbers(figures)}
        series={[{ label: words.submitted, color: colors.own, values: of(figures, 'submissions') }]}
        empty={words.noRound}
        caption={participationCaption(detail.config.schedule)}
      />
      <LineChart
        {...common}
        bars
        label={words.bytes}
        x={numbers(figures)}
        series={[{ label: words.deltas, color: colors.received, values: of(figures, 'bytes') }]}
        formatY={(value) => formatBytes(Math.round(value))}
        empty={words.noRound}
        caption={bytesCaption(sums)}
      />
    </SimpleGrid>
  );
}

/** All attempts of a round together; their time is the round's. */
function timesByRound({ rounds }: FederationDetail) {
  const closed = timedRounds(rounds, 0).filter(({ round }) => round.closedAt !== null);
  return [...new Set(closed.map(({ round }) => round.number))].map((number) => {
    const sums = { number, waiting: 0, tuning: 0, settling: 0, committing: 0 };
    for (const { round, times } of closed) {
      if (round.number === number) for (const phase of phases) sums[phase] += times[phase];
    }
    return sums;
  });
}

function numbers(figures: readonly RoundFigures[]): number[] {
  return figures.map(({ number }) => number);
}

function of(figures: readonly RoundFigures[], what: keyof RoundFigures): (number | null)[] {
  return figures.map((round) => round[what]);
}
