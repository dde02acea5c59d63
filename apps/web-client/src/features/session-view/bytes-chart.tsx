import { describeBytes, strings } from '#strings/session-view.ts';
import type { RoundState, SessionState } from '../../contract/session/session-state.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { useChartColors } from '../../shared/ui/chart-colors.ts';
import { LineChart } from '../../shared/ui/line-chart.tsx';

/** Bytes up and down by round, all attempts together. */
export function BytesChart({ session }: { readonly session: SessionState }) {
  const colors = useChartColors();
  const counted = session.rounds.filter(({ bytesUp }) => bytesUp !== undefined);
  const numbers = [...new Set(counted.map(({ number }) => number))];
  const sum = (of: 'bytesUp' | 'bytesDown') =>
    numbers.map((number) =>
      counted.reduce((total, round: RoundState) => total + (round.number === number ? (round[of] ?? 0) : 0), 0),
    );
  return (
    <LineChart
      label={describeBytes(session.bytesUp, session.bytesDown)}
      xLabel={strings.round}
      wholeX
      bars
      formatY={(value) => formatBytes(Math.round(value))}
      x={numbers}
      series={[
        { label: strings.sent, color: colors.received, values: sum('bytesUp') },
        { label: strings.got, color: colors.own, values: sum('bytesDown') },
      ]}
      empty={strings.noFigures}
      caption={strings.bytesCaption}
    />
  );
}
