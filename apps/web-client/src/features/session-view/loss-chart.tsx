import { useMemo } from 'react';
import { describeLoss, strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { useChartColors } from '../../shared/ui/chart-colors.ts';
import { LineChart } from '../../shared/ui/line-chart.tsx';

/** The loss of every optimizer step, the search's warm-up apart from tuning. */
export function LossChart({ losses }: Pick<SessionState, 'losses'>) {
  const colors = useChartColors();
  const data = useMemo(() => {
    const of = (wanted: 'warm-up' | 'tuning') => losses.map(({ part, loss }) => (part === wanted ? loss : null));
    return { x: losses.map((_, i) => i + 1), warm: of('warm-up'), tuning: of('tuning') };
  }, [losses]);
  return (
    <LineChart
      label={describeLoss(losses[0]?.loss, losses.at(-1)?.loss, losses.length)}
      xLabel={strings.step}
      yLabel={strings.lossAxis}
      wholeX
      height={300}
      x={data.x}
      series={[
        { label: strings.warmUp, color: colors.warm, values: data.warm },
        { label: strings.tuning, color: colors.own, values: data.tuning },
      ]}
      empty={strings.noFigures}
      caption={strings.lossCaption}
    />
  );
}
