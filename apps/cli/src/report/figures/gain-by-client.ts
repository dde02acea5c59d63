import type { TopLevelSpec } from 'vega-lite';
import { outcomesOf, pairsOf, type Result } from '../../experiments/results.ts';
import { groupBy, mean } from '../../experiments/statistics.ts';
import { ACCENT, type Figure, MUTED, type Panel, SECOND } from '../figure.ts';
import { html } from '../html.ts';
import { clientsOf, feditOf, type Method, seedsOf } from '../method.ts';

/** One client: geometric mean over seeds of its ratio to FedIT, the least and the most. */
interface Gain {
  readonly client: string;
  readonly against: Against;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}
type Against = 'global' | 'tuned';

/** Null where FedIT was not run, or nothing else. */
export function gainByClient(methods: readonly Method[]): Figure | null {
  const fedit = feditOf(methods);
  const others = methods.filter((method) => method !== fedit);
  if (!fedit || others.length === 0) return null;
  const gains = new Map(others.map((method) => [method, gainsOf(method, fedit)]));
  const all = [...gains.values()].flat();
  const axes = {
    clients: clientsOf(methods),
    ratios: [Math.min(1, ...all.map(({ low }) => low)), Math.max(1, ...all.map(({ high }) => high))],
  };
  const seeds = seedsOf(methods).length;
  return {
    title: 'Gain by client',
    caption: html`Perplexity of what the method leaves a client with, divided by FedIT’s for the same client: left of the line the client is better off than with FedIT. <span class="accent">Filled</span>: against FedIT’s global model. <span class="second">Hollow</span>: against the module that the same client tuned under FedIT. ${
      seeds > 1 ? `Geometric means over ${seeds} seeds; bars reach from the lowest seed to the highest.` : ''
    }`,
    panels: others.map((method): Panel => {
      const own = gains.get(method) ?? [];
      return { title: method.label, description: describe(method, own), spec: draw(own, axes) };
    }),
    table: {
      headings: ['client', ...others.flatMap(({ label }) => [label, `${label}, against tuned`])],
      rows: axes.clients.map((client) => [
        client,
        ...others.flatMap((method) =>
          (['global', 'tuned'] as const).map((against) => {
            const gain = gains.get(method)?.find((one) => one.client === client && one.against === against);
            return gain ? gain.ratio.toFixed(3) : '';
          }),
        ),
      ]),
    },
  };
}

function gainsOf({ row, cells }: Method, fedit: Method): Gain[] {
  const own = outcomesOf(cells, row.result);
  const against = (name: Against, result: Result) =>
    [...groupBy(pairsOf(own, outcomesOf(fedit.cells, result)), ({ client }) => client)].map(([client, pairs]): Gain => {
      const logs = pairs.map(({ log }) => log);
      const ratio = Math.exp(mean(logs));
      return { client, against: name, ratio, low: Math.exp(Math.min(...logs)), high: Math.exp(Math.max(...logs)) };
    });
  return [...against('global', 'global'), ...against('tuned', 'personal')];
}

function describe({ label }: Method, gains: readonly Gain[]): string {
  const texts = gains
    .filter(({ against }) => against === 'global')
    .map(({ client, ratio }) => `${client} ${ratio.toFixed(3)}`);
  return `${label} divided by FedIT’s global model, by client: ${texts.join(', ')}.`;
}

function draw(gains: readonly Gain[], axes: { clients: readonly string[]; ratios: readonly number[] }): TopLevelSpec {
  const y = {
    field: 'client',
    type: 'nominal' as const,
    title: null,
    scale: { domain: [...axes.clients] },
    axis: { labelLimit: 175, ticks: false, domain: false },
  };
  const yOffset = { field: 'against', type: 'nominal' as const, scale: { domain: ['global', 'tuned'] } };
  const x = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: 'ratio to FedIT',
    scale: { domain: [...axes.ratios], zero: false, nice: true },
    axis: { tickCount: 4, labelOverlap: false },
  });
  const color = {
    field: 'against',
    type: 'nominal' as const,
    legend: null,
    scale: { domain: ['global', 'tuned'], range: [ACCENT, SECOND] },
  };
  return {
    width: 155,
    height: { step: 11 },
    data: { values: gains.map((gain) => ({ ...gain })) },
    layer: [
      { mark: { type: 'rule', color: MUTED }, encoding: { x: { datum: 1, type: 'quantitative' } } },
      { mark: { type: 'rule', strokeWidth: 1.5 }, encoding: { x: x('low'), x2: { field: 'high' }, y, yOffset, color } },
      {
        mark: { type: 'point', size: 34, strokeWidth: 1.5, opacity: 1 },
        encoding: {
          x: x('ratio'),
          y,
          yOffset,
          color,
          fill: {
            field: 'against',
            legend: null,
            scale: { domain: ['global', 'tuned'], range: [ACCENT, 'var(--page)'] },
          },
        },
      },
    ],
  };
}
