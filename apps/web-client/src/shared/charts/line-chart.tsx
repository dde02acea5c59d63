import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import classes from './line-chart.module.css';

export interface Series {
  readonly label: string;
  readonly color: string;
  /** As long as x; null leaves a gap. */
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
}

interface LineChartProps {
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  readonly xLabel: string;
  readonly x: readonly number[];
  readonly series: readonly Series[];
  readonly height?: number;
  /** Whole numbers only on the x axis. */
  readonly wholeX?: boolean;
  readonly points?: boolean;
  readonly empty: string;
}

/** Lines over a common x. Its height is fixed from the start, so that nothing moves when figures come. */
export function LineChart({ label, xLabel, x, series, height = 220, wholeX, points, empty }: LineChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const isEmpty = x.length === 0;
  // uPlot is built anew only where lines or colours change, not for every figure.
  const shape = JSON.stringify([series.map((one) => [one.label, one.color, one.dashed]), scheme, isEmpty, xLabel]);
  const data = [x, ...series.map((one) => one.values)] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const element = holder.current;
    if (!element || isEmpty) return;
    const ink = scheme === 'dark' ? '#909296' : '#868e96';
    const grid = scheme === 'dark' ? '#373a40' : '#e9ecef';
    const axis = {
      stroke: ink,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: grid, width: 1 },
      font: '11px system-ui',
    };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false, range: xRange }, y: { range: yRange } },
        axes: [
          {
            ...axis,
            label: xLabel,
            labelSize: 18,
            labelFont: '11px system-ui',
            size: 34,
            ...(wholeX ? { incrs: [1, 2, 5, 10, 20, 50, 100] } : {}),
          },
          { ...axis, size: 48 },
        ],
        series: [
          {},
          ...series.map(({ color, label: name, dashed }) => ({
            label: name,
            stroke: color,
            width: 2,
            spanGaps: false,
            points: { show: points ?? false, size: 7, fill: color },
            ...(dashed ? { dash: [5, 5] } : {}),
          })),
        ],
      },
      latest.current,
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [shape, height]);

  useEffect(() => {
    plot.current?.setData(data);
  });

  return (
    <figure style={{ margin: 0 }}>
      {isEmpty ? (
        <div className={classes.empty} style={{ height }}>
          {empty}
        </div>
      ) : (
        <div ref={holder} className={classes.chart} style={{ height }} role="img" aria-label={label} />
      )}
      <figcaption className={classes.legend}>
        {series.map((one) => (
          <span key={one.label}>
            <span className={classes.swatch} style={{ background: one.color }} aria-hidden />
            {one.label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** One point gets room on both sides. */
function xRange(_: uPlot, low: number, high: number): uPlot.Range.MinMax {
  return low === high ? [low - 1, high + 1] : [low, high];
}

function yRange(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  return [Math.max(0, low - room), high + room];
}
