import type { TopLevelSpec } from 'vega-lite';
import type { CellMasks } from '../../experiments/results-file.ts';
import { mean } from '../../experiments/statistics.ts';
import { ACCENT, type Figure, INK, type Panel } from '../figure.ts';
import { html } from '../html.ts';
import { personalMasks } from './personal-masks.ts';

interface Square {
  readonly a: string;
  readonly b: string;
  readonly overlap: number;
}

/** Null where nobody searched a mask. */
export function maskOverlap(masks: readonly CellMasks[]): Figure | null {
  const groups = personalMasks(masks);
  if (groups.length === 0) return null;
  const squares = groups.map(({ label, cells }) => ({ label, squares: squaresOf(cells) }));
  return {
    title: 'Overlap of masks',
    caption: html`Share of the smaller mask that the other client owns too, |a ∩ b| / min(|a|, |b|), in per cent, at the end, mean over seeds. By chance it would be as much as the larger mask’s density: ${groups
      .map(({ label, density }) => `${percent(density)} % for ${label}`)
      .join(', ')}.`,
    panels: squares.map(({ label, squares }): Panel => {
      const apart = squares.filter(({ a, b }) => a !== b).map(({ overlap }) => overlap);
      const range =
        apart.length > 0 ? `from ${percent(Math.min(...apart))} to ${percent(Math.max(...apart))} %` : 'none';
      return {
        title: label,
        description: `Overlap of two clients’ masks under ${label}: ${range}.`,
        spec: draw(squares),
      };
    }),
    table: {
      headings: ['method', 'client', 'other client', 'overlap, %'],
      rows: squares.flatMap(({ label, squares }) =>
        squares.filter(({ a, b }) => a < b).map(({ a, b, overlap }) => [label, a, b, (100 * overlap).toFixed(1)]),
      ),
    },
  };
}

function squaresOf(cells: readonly CellMasks[]): Square[] {
  const clients = [...new Set(cells.flatMap((cell) => cell.clients))];
  return clients.flatMap((a) =>
    clients.flatMap((b) => {
      const values = cells.flatMap(({ clients: own, overlap }) => overlap[own.indexOf(a)]?.[own.indexOf(b)] ?? []);
      return values.length === 0 ? [] : [{ a, b, overlap: mean(values) }];
    }),
  );
}

function percent(share: number): string {
  return (100 * share).toFixed(0);
}

function draw(squares: readonly Square[]): TopLevelSpec {
  const clients = [...new Set(squares.map(({ a }) => a))];
  const step = Math.max(14, Math.min(34, Math.floor(200 / clients.length)));
  const scale = { domain: clients, paddingInner: 0.04, paddingOuter: 0 };
  const axis = { labelLimit: 175, ticks: false, domain: false };
  const encoding = {
    x: { field: 'b', type: 'nominal' as const, title: null, scale, axis: { ...axis, labelAngle: -40 } },
    y: { field: 'a', type: 'nominal' as const, title: null, scale, axis },
  };
  return {
    width: { step },
    height: { step },
    data: { values: squares.map((square) => ({ ...square, text: percent(square.overlap) })) },
    layer: [
      {
        mark: { type: 'rect', color: ACCENT },
        encoding: {
          ...encoding,
          opacity: {
            field: 'overlap',
            type: 'quantitative' as const,
            legend: null,
            scale: { domain: [0, 1], range: [0.03, 0.6] },
          },
        },
      },
      {
        mark: { type: 'text', color: INK, fontSize: step < 20 ? 8 : 10 },
        encoding: { ...encoding, text: { field: 'text' } },
      },
    ],
  };
}
