import type { TopLevelSpec } from 'vega-lite';
import { ACCENT, type Figure, MUTED, SECOND } from '../figure.ts';
import { html } from '../html.ts';
import type { Method } from '../method.ts';

const WIDTH = 330;
const HEIGHT = 260;
/** That labels one above the other can both be read. */
const LABEL_HEIGHT = 16;

interface Point {
  readonly label: string;
  readonly kilobytes: number;
  readonly result: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Labels stand in a column behind the last point, each at the end of a line from its own. */
  readonly labelX: number;
  readonly labelY: number;
}

export function bytesAndPerplexity(methods: readonly Method[]): Figure {
  const silent = methods.filter(({ row }) => row.bytesUp + row.bytesDown === 0);
  const { points, domain } = pointsOf(methods.filter((method) => !silent.includes(method)));
  const texts = points.map(({ label, kilobytes, mean }) => `${label} ${kilobytes.toFixed(0)} kB, ${mean.toFixed(1)}`);
  return {
    title: 'Bytes and perplexity',
    caption: html`What a client sends and receives over all rounds (masks, deltas and slices as encoded), and the perplexity of what the method leaves it with: mean over clients and seeds ± standard error. <span class="second">Hollow</span>: the global adapter. <span class="accent">Filled</span>: the personal one. ${
      silent.length > 0
        ? `Without a byte, and so not on the logarithmic axis: ${silent.map(({ label }) => label).join(', ')}.`
        : ''
    }`,
    panels:
      points.length === 0
        ? []
        : [
            {
              title: 'By method',
              description: `Bytes and mean perplexity: ${texts.join('; ')}.`,
              spec: draw(points, domain),
            },
          ],
  };
}

function pointsOf(methods: readonly Method[]): { points: Point[]; domain: [number, number] } {
  const points = methods.map(({ label, row: { perplexity, bytesUp, bytesDown, result } }) => {
    const { mean, standardError } = perplexity;
    const error = standardError ?? 0;
    return { label, result, mean, low: mean - error, high: mean + error, kilobytes: (bytesUp + bytesDown) / 1000 };
  });
  const [least, most] = [Math.min(...points.map(({ low }) => low)), Math.max(...points.map(({ high }) => high))];
  const margin = 0.05 * (most - least || most);
  const domain: [number, number] = [least - margin, most + margin];
  const gap = (LABEL_HEIGHT / HEIGHT) * (domain[1] - domain[0]);
  return { points: spread(points, gap), domain };
}

/** Labels at the height of their points, from below, each at least a line above the one before. */
function spread(points: readonly Omit<Point, 'labelX' | 'labelY'>[], gap: number): Point[] {
  const logs = points.map(({ kilobytes }) => Math.log10(kilobytes));
  const labelX = 10 ** (Math.max(...logs) + 0.06 * spanOf(logs));
  let last = Number.NEGATIVE_INFINITY;
  return [...points]
    .sort((a, b) => a.mean - b.mean)
    .map((point) => {
      last = Math.max(point.mean, last + gap);
      return { ...point, labelX, labelY: last };
    });
}

function draw(points: readonly Point[], domain: readonly [number, number]): TopLevelSpec {
  const x = {
    field: 'kilobytes',
    type: 'quantitative' as const,
    title: 'kB up and down, a client',
    scale: { type: 'log' as const, domain: decades(points) },
    axis: { tickCount: 4, format: ',~g' },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: 'perplexity',
    scale: { domain: [...domain], zero: false },
  });
  const results = ['global', 'personal'];
  const color = {
    field: 'result',
    legend: null,
    scale: { domain: results, range: [SECOND, ACCENT] },
  };
  return {
    width: WIDTH,
    height: HEIGHT,
    data: { values: points.map((point) => ({ ...point })) },
    layer: [
      { mark: { type: 'rule', opacity: 0.45 }, encoding: { x, y: y('low'), y2: { field: 'high' }, color } },
      {
        mark: { type: 'point', size: 50, strokeWidth: 1.75, opacity: 1 },
        encoding: {
          x,
          y: y('mean'),
          color,
          fill: { field: 'result', legend: null, scale: { domain: results, range: ['var(--page)', ACCENT] } },
        },
      },
      {
        mark: { type: 'rule', color: MUTED, opacity: 0.4, strokeWidth: 0.75 },
        encoding: { x, y: y('mean'), x2: { field: 'labelX' }, y2: { field: 'labelY' } },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 3, limit: 150 },
        encoding: { x: { ...x, field: 'labelX' }, y: y('labelY'), text: { field: 'label' } },
      },
    ],
  };
}

/** With room for the labels at the right of the last point. */
function decades(points: readonly Point[]): [number, number] {
  const logs = points.map(({ kilobytes }) => Math.log10(kilobytes));
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  const span = spanOf(logs);
  return [10 ** (least - 0.08 * span), 10 ** (most + 0.55 * span)];
}

function spanOf(logs: readonly number[]): number {
  return Math.max(0.5, Math.max(...logs) - Math.min(...logs));
}
