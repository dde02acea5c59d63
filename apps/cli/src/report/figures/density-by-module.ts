import type { TopLevelSpec } from 'vega-lite';
import type { TensorDensity } from '../../experiments/mask-summary.ts';
import type { CellMasks } from '../../experiments/results-file.ts';
import { groupBy, mean } from '../../experiments/statistics.ts';
import { ACCENT, type Figure, INK, type Panel } from '../figure.ts';
import { html } from '../html.ts';
import { personalMasks } from './personal-masks.ts';

interface ModuleDensity {
  readonly layer: number;
  /** As `q A`. */
  readonly module: string;
  readonly density: number;
  /** Standard deviation over clients, mean over seeds; null for one client. */
  readonly deviation: number | null;
}

/** Less than this is not spread over all shades: it would look like more than it is. */
const MIN_RANGE = 0.2;

/** Null where nobody searched a mask. */
export function densityByModule(masks: readonly CellMasks[]): Figure | null {
  const groups = personalMasks(masks).map(({ label, cells }) => ({ label, modules: densitiesOf(cells) }));
  if (groups.length === 0) return null;
  const all = groups.flatMap(({ modules }) => modules);
  const range = rangeOf(all.map(({ density }) => density));
  const deviations = all.flatMap(({ deviation }) => deviation ?? []);
  const isUniform = range.most - range.least < 0.005;
  return {
    title: 'Density by layer and module',
    caption: html`Share of each LoRA matrix that a client owns at the end, in per cent: mean over clients and seeds. ${
      deviations.length > 0
        ? `Standard deviation over clients: at most ${(100 * Math.max(...deviations)).toFixed(1)} points, ${(100 * mean(deviations)).toFixed(1)} on average. `
        : ''
    }${isUniform ? 'Every matrix has the same density: masks were searched to one density for each tensor.' : ''}`,
    panels: groups.map(({ label, modules }): Panel => {
      const own = rangeOf(modules.map(({ density }) => density));
      return {
        title: label,
        description: `Density of ${label} by layer and module: from ${percent(own.least)} to ${percent(own.most)} %.`,
        spec: draw(modules, shades(range)),
      };
    }),
    table: {
      headings: ['method', 'layer', 'module', 'density, %', 'deviation over clients'],
      rows: groups.flatMap(({ label, modules }) =>
        modules.map(({ layer, module, density, deviation }) => [
          label,
          String(layer),
          module,
          (100 * density).toFixed(1),
          deviation === null ? '' : (100 * deviation).toFixed(1),
        ]),
      ),
    },
  };
}

function densitiesOf(cells: readonly CellMasks[]): ModuleDensity[] {
  const all = cells.flatMap(({ density }) => density);
  return [...groupBy(all, ({ layer, projection, matrix }) => `${layer} ${projection} ${matrix}`).values()].map(
    (own) => {
      const { layer, projection, matrix } = own[0] as TensorDensity;
      const deviations = own.flatMap(({ standardDeviation }) => standardDeviation ?? []);
      return {
        layer,
        module: `${projection.replace('_proj', '')} ${matrix}`,
        density: mean(own.map((one) => one.mean)),
        deviation: deviations.length > 0 ? mean(deviations) : null,
      };
    },
  );
}

function rangeOf(values: readonly number[]): { least: number; most: number } {
  return { least: Math.min(...values), most: Math.max(...values) };
}

function shades({ least, most }: { least: number; most: number }): [number, number] {
  const missing = Math.max(0, MIN_RANGE - (most - least)) / 2;
  return [least - missing, most + missing];
}

function percent(share: number): string {
  return (100 * share).toFixed(0);
}

function draw(modules: readonly ModuleDensity[], domain: readonly [number, number]): TopLevelSpec {
  const names = [...new Set(modules.map(({ module }) => module))];
  const layers = [...new Set(modules.map(({ layer }) => layer))];
  const axis = { ticks: false, domain: false };
  const encoding = {
    x: {
      field: 'module',
      type: 'nominal' as const,
      title: null,
      scale: { domain: names, paddingInner: 0.04, paddingOuter: 0 },
      axis: { ...axis, labelAngle: -90, orient: 'top' as const },
    },
    y: {
      field: 'layer',
      type: 'ordinal' as const,
      title: 'layer',
      scale: { domain: layers, paddingInner: 0.04, paddingOuter: 0 },
      axis,
    },
  };
  return {
    width: { step: names.length > 8 ? 20 : 30 },
    height: { step: layers.length > 16 ? 15 : 20 },
    data: { values: modules.map((one) => ({ ...one, text: percent(one.density) })) },
    layer: [
      {
        mark: { type: 'rect', color: ACCENT },
        encoding: {
          ...encoding,
          opacity: {
            field: 'density',
            type: 'quantitative' as const,
            legend: null,
            scale: { domain: [...domain], range: [0.03, 0.6] },
          },
        },
      },
      { mark: { type: 'text', color: INK, fontSize: 10 }, encoding: { ...encoding, text: { field: 'text' } } },
    ],
  };
}
