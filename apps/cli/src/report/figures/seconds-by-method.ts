import type { TopLevelSpec } from 'vega-lite';
import { unitsOf } from '../../experiments/results.ts';
import { type Estimate, estimate } from '../../experiments/statistics.ts';
import { ACCENT, type Figure, INK } from '../figure.ts';
import { html } from '../html.ts';
import type { Method } from '../method.ts';

export function secondsByMethod(methods: readonly Method[]): Figure {
  const bars = methods.map((method) => ({ label: method.label, seconds: secondsOf(method) }));
  const texts = bars.map(({ label, seconds }) => `${label} ${seconds.mean.toFixed(1)}`);
  return {
    title: 'Time',
    caption: html`Seconds that a client needs for all rounds, from each offer to its answer, searching and evaluating included: mean over clients and seeds, the line one standard error to either side. They hang on the machine and on what else ran on it.`,
    panels: [{ title: 'By method', description: `Mean seconds a client: ${texts.join(', ')}.`, spec: draw(bars) }],
  };
}

function secondsOf({ cells }: Method): Estimate {
  return estimate([...unitsOf(cells).values()].map((own) => own.reduce((sum, { seconds }) => sum + seconds, 0)));
}

function draw(bars: readonly { label: string; seconds: Estimate }[]): TopLevelSpec {
  const values = bars.map(({ label, seconds: { mean, standardError } }) => ({
    label,
    mean,
    low: mean - (standardError ?? 0),
    high: mean + (standardError ?? 0),
    text: mean.toFixed(1),
  }));
  const most = Math.max(...values.map(({ high }) => high), 0.1);
  const x = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: 'seconds',
    scale: { domain: [0, 1.15 * most], nice: false },
  });
  const y = {
    field: 'label',
    type: 'nominal' as const,
    title: null,
    scale: { domain: bars.map(({ label }) => label), padding: 0.25 },
    axis: { labelLimit: 150, ticks: false, domain: false },
  };
  return {
    width: 230,
    height: { step: 20 },
    data: { values },
    layer: [
      { mark: { type: 'bar', color: ACCENT, opacity: 0.45 }, encoding: { x: x('mean'), y } },
      { mark: { type: 'rule', color: INK }, encoding: { x: x('low'), x2: { field: 'high' }, y } },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 5 },
        encoding: { x: x('high'), y, text: { field: 'text' } },
      },
    ],
  };
}
