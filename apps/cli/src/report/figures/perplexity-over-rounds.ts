import type { TopLevelSpec } from 'vega-lite';
import { groupBy, mean } from '../../experiments/statistics.ts';
import { ACCENT, type Figure, MUTED, type Panel, SECOND } from '../figure.ts';
import { html } from '../html.ts';
import { feditOf, type Method, seedsOf } from '../method.ts';

/** Mean over clients; then mean, least and most over seeds. */
interface Point {
  readonly round: number;
  readonly series: Series;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}
type Series = 'received' | 'tuned' | 'reference';

const COLORS: Readonly<Record<Series, string>> = { received: SECOND, tuned: ACCENT, reference: MUTED };

export function perplexityOverRounds(methods: readonly Method[]): Figure {
  const fedit = feditOf(methods);
  const curves = new Map(methods.map((method) => [method, pointsOf(method)]));
  const all = [...curves.values()].flat();
  const axes = {
    perplexity: [Math.min(...all.map(({ low }) => low)), Math.max(...all.map(({ high }) => high))],
    rounds: [...new Set(all.map(({ round }) => round))].sort((a, b) => a - b),
  };
  const reference = (curves.get(fedit as Method) ?? [])
    .filter(({ series }) => series === 'tuned')
    .map((point): Point => ({ ...point, series: 'reference' }));
  const panels = methods.map((method): Panel => {
    const own = curves.get(method) ?? [];
    return {
      title: method.label,
      description: describe(method, own),
      spec: draw([...(method === fedit ? [] : reference), ...own], axes),
    };
  });
  const seeds = seedsOf(methods).length;
  return {
    title: 'Perplexity over rounds',
    caption: html`Mean over clients of held-out perplexity: <span class="second">received</span>, what a round’s tuning starts from, and <span class="accent">tuned</span>, what it ends with. ${
      seeds > 1 ? `Lines are means over ${seeds} seeds, bands reach from the lowest seed to the highest. ` : ''
    }${hasAfter(methods) ? 'The last received point, behind the last round, is what one more round would start from: for a method that leaves its clients with the global adapter, its result. ' : ''}${
      fedit ? html`In grey, for comparison: FedIT’s tuned modules.` : null
    }`,
    panels,
    table: {
      headings: ['method', 'module', ...axes.rounds.map((round) => `round ${round}`)],
      rows: methods.flatMap((method) =>
        (['received', 'tuned'] as const).map((series) => [
          method.label,
          series,
          ...axes.rounds.map((round) => {
            const point = curves.get(method)?.find((one) => one.series === series && one.round === round);
            return point ? point.mean.toFixed(2) : '';
          }),
        ]),
      ),
    },
  };
}

function hasAfter(methods: readonly Method[]): boolean {
  return methods.some(({ cells }) => cells.some(({ perplexity }) => perplexity.after !== undefined));
}

function pointsOf({ cells }: Method): Point[] {
  const behind = Math.max(...cells.map(({ round }) => round)) + 1;
  const values = cells.flatMap(({ seed, round, perplexity: { received, tuned, after } }) => [
    { series: 'received' as const, seed, round, value: received },
    { series: 'tuned' as const, seed, round, value: tuned },
    ...(after === undefined ? [] : [{ series: 'received' as const, seed, round: behind, value: after }]),
  ]);
  const groups = groupBy(values, ({ series, round }) => `${series} ${round}`);
  return [...groups.values()].map((own) => {
    const { series, round } = own[0] as (typeof values)[number];
    const bySeed = [...groupBy(own, ({ seed }) => String(seed)).values()].map((of) =>
      mean(of.map(({ value }) => value)),
    );
    return { series, round, mean: mean(bySeed), low: Math.min(...bySeed), high: Math.max(...bySeed) };
  });
}

function describe({ label }: Method, points: readonly Point[]): string {
  const ends = (series: Series) => {
    const own = points.filter((point) => point.series === series).sort((a, b) => a.round - b.round);
    return `${own[0]?.mean.toFixed(1)} at first and ${own.at(-1)?.mean.toFixed(1)} at last`;
  };
  return `Mean perplexity of ${label}: received ${ends('received')}, tuned ${ends('tuned')}.`;
}

function draw(
  points: readonly Point[],
  axes: { perplexity: readonly number[]; rounds: readonly number[] },
): TopLevelSpec {
  const x = {
    field: 'round',
    type: 'quantitative' as const,
    title: 'round',
    scale: { domain: [axes.rounds[0] as number, axes.rounds.at(-1) as number], nice: false },
    axis: { values: ticks(axes.rounds), format: 'd', grid: false, labelOverlap: false, labelFlush: false },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: 'perplexity',
    scale: { domain: [...axes.perplexity], zero: false, nice: true },
    axis: { tickCount: 5 },
  });
  const series = Object.keys(COLORS);
  const color = {
    field: 'series',
    type: 'nominal' as const,
    legend: null,
    scale: { domain: series, range: Object.values(COLORS) },
  };
  const strokeDash = {
    field: 'series',
    legend: null,
    scale: {
      domain: series,
      range: [
        [4, 3],
        [1, 0],
        [1, 0],
      ],
    },
  };
  return {
    width: 215,
    height: 150,
    data: { values: points.map((point) => ({ ...point })) },
    layer: [
      {
        transform: [{ filter: "datum.series !== 'reference'" }],
        mark: { type: 'area', opacity: 0.18 },
        encoding: { x, y: y('low'), y2: { field: 'high' }, color },
      },
      { mark: { type: 'line', strokeWidth: 1.75 }, encoding: { x, y: y('mean'), color, strokeDash } },
      {
        transform: [{ filter: "datum.series !== 'reference'" }],
        mark: { type: 'point', filled: true, size: 22, opacity: 1 },
        encoding: { x, y: y('mean'), color },
      },
    ],
  };
}

/** Whole rounds, not more than can be told apart. */
function ticks(rounds: readonly number[]): number[] {
  const step = Math.ceil(rounds.length / 8);
  return rounds.filter((_, i) => i % step === 0);
}
