import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { EmptyBox } from './empty-box.tsx';
import { FiguresTable, type TableSeries } from './figures-table.tsx';
import classes from './line-chart.module.css';

export interface Series extends TableSeries {
  readonly color: string;
  readonly dashed?: boolean;
  /** The same value everywhere, to hold the others against: drawn across the whole plot, also where there is one point. */
  readonly isReference?: boolean;
}

interface LineChartProps {
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  readonly xLabel: string;
  readonly x: readonly number[];
  readonly series: readonly Series[];
  /** Its label stands above it, where no heading near it says what it shows. */
  readonly isTitled?: boolean;
  readonly height?: number;
  /** Whole numbers only on the x axis. */
  readonly wholeX?: boolean;
  readonly points?: boolean;
  /** Where its numbers are no plain ones. */
  readonly formatY?: (value: number) => string;
  readonly yLabel?: string;
  /** Bars from zero, those of each series beside the others', instead of lines. */
  readonly bars?: boolean;
  /** One bar from zero, the series on top of each other in their order. */
  readonly stacked?: boolean;
  readonly empty: string;
  /** One sentence on how to read it. */
  readonly caption?: string;
}

/** Lines over a common x. Its height is fixed from the start, so that nothing moves when figures come. */
export function LineChart(props: LineChartProps) {
  const {
    label,
    isTitled,
    xLabel,
    yLabel,
    x,
    series,
    height = 220,
    wholeX,
    points,
    stacked,
    formatY,
    empty,
    caption,
  } = props;
  const bars = props.bars || stacked;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const isEmpty = x.length === 0;
  // uPlot is built anew only where lines or colors change, not for every figure.
  const shape = JSON.stringify([
    series.map((one) => [one.label, one.color, one.dashed, one.isReference]),
    scheme,
    isEmpty,
    xLabel,
    yLabel,
  ]);
  // The highest sums are drawn first: what stands below them covers them.
  const drawn = stacked ? onTopOfEachOther(series).reverse() : series;
  const data = [x, ...drawn.map((one) => one.values)] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  const format = useRef(formatY);
  format.current = formatY;

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
        scales: { x: { time: false, range: bars ? barXRange : xRange }, y: { range: bars ? fromZero : yRange } },
        axes: [
          {
            ...axis,
            label: xLabel,
            labelSize: 18,
            labelFont: '11px system-ui',
            size: 34,
            ...(wholeX ? { incrs: [1, 2, 5, 10, 20, 50, 100], filter: withinData } : {}),
          },
          {
            ...axis,
            size: 54,
            ...(yLabel ? { label: yLabel, labelSize: 16, labelFont: '11px system-ui' } : {}),
            values: (_, ticks) => ticks.map((tick) => (format.current ? format.current(tick) : String(tick))),
          },
        ],
        series: [
          {},
          ...drawn.map(({ color, label: name, dashed, isReference }, i) => ({
            label: name,
            stroke: color,
            width: 2,
            spanGaps: false,
            points: { show: bars || isReference ? false : (points ?? false), size: 7, fill: color },
            ...(isReference ? { paths: acrossThePlot } : {}),
            ...(bars ? { fill: color, width: 0, paths: stacked ? barsBeside(0, 1) : barsBeside(i, drawn.length) } : {}),
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
      {isTitled ? <p className={classes.title}>{label}</p> : null}
      {isEmpty ? (
        <EmptyBox height={height}>{empty}</EmptyBox>
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
      {caption ? <p className={classes.caption}>{caption}</p> : null}
      <FiguresTable xLabel={xLabel} x={x} series={series} format={formatY ?? plain} />
    </figure>
  );
}

function plain(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function onTopOfEachOther(series: readonly Series[]): Series[] {
  const sums: number[] = [];
  return series.map((one) => ({
    ...one,
    values: one.values.map((value, i) => {
      sums[i] = (sums[i] ?? 0) + (value ?? 0);
      return sums[i] as number;
    }),
  }));
}

/** Beside the picture's neighbours in a group of so many. */
function barsBeside(index: number, count: number): uPlot.Series.PathBuilder | undefined {
  const align = count === 1 ? 0 : index === 0 ? -1 : 1;
  return uPlot.paths.bars?.({ size: [0.8 / count, 28], align, gap: 1 });
}

/** No tick where there can be no figure. */
function withinData({ data: [x] }: uPlot, ticks: number[]): (number | null)[] {
  const [first = 0, last = 0] = [x[0], x.at(-1)];
  return ticks.map((tick) => (tick < first || tick > last ? null : tick));
}

const acrossThePlot: uPlot.Series.PathBuilder = (chart, index) => {
  const value = Array.from(chart.data[index] ?? []).find((one) => typeof one === 'number');
  if (typeof value !== 'number') return null;
  const { left, width } = chart.bbox;
  const y = Math.round(chart.valToPos(value, 'y', true));
  const stroke = new Path2D();
  stroke.moveTo(left, y);
  stroke.lineTo(left + width, y);
  return { stroke };
};

function barXRange(_: uPlot, low: number, high: number): uPlot.Range.MinMax {
  return [low - 0.6, high + 0.6];
}

function fromZero(_: uPlot, __: number | null, high: number | null): uPlot.Range.MinMax {
  return [0, 1.1 * (high || 1)];
}

/** One point gets room on both sides. */
function xRange(_: uPlot, low: number, high: number): uPlot.Range.MinMax {
  return low === high ? [low - 0.6, high + 0.6] : [low, high];
}

function yRange(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  return [Math.max(0, low - room), high + room];
}
