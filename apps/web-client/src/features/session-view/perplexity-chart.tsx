import { describeGain, strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { formatPerplexity } from '../../shared/format/format-number.ts';
import { useChartColors } from '../../shared/ui/chart-colors.ts';
import { LineChart } from '../../shared/ui/line-chart.tsx';

/** [PF8] Base, received and tuned by round; of a round that was repeated its latest attempt. */
export function PerplexityChart({ session, height }: { readonly session: SessionState; readonly height: number }) {
  const colors = useChartColors();
  const { basePerplexity } = session;
  const rounds = session.rounds.filter(({ received, tuned }) => received !== null || tuned !== null);
  const latest = rounds.filter(({ number }, i) => rounds[i + 1]?.number !== number);
  return (
    <LineChart
      label={describeGain(
        basePerplexity,
        latest.findLast(({ tuned }) => tuned !== null),
      )}
      xLabel={strings.round}
      yLabel={strings.perplexityAxis}
      height={height}
      wholeX
      points
      formatY={formatPerplexity}
      x={latest.map(({ number }) => number)}
      series={[
        {
          label: strings.base,
          color: colors.quiet,
          dashed: true,
          isReference: true,
          values: latest.map(() => basePerplexity),
        },
        { label: strings.received, color: colors.received, values: latest.map(({ received }) => received) },
        { label: strings.tuned, color: colors.own, values: latest.map(({ tuned }) => tuned) },
      ]}
      empty={strings.noFigures}
      caption={strings.perplexityCaption}
    />
  );
}
