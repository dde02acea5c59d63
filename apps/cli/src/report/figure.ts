import type { Config, TopLevelSpec } from 'vega-lite';
import { type Html, html, trusted } from './html.ts';

/** One plot of a figure: what stands above it, what it shows for those who cannot see it, and how it is drawn. */
export interface Panel {
  readonly title: string;
  /** A sentence. */
  readonly description: string;
  readonly spec: TopLevelSpec;
}

export interface Figure {
  readonly title: string;
  readonly caption: Html;
  readonly panels: readonly Panel[];
  /** The same in figures, folded up behind the plots. */
  readonly table?: Table;
}

export interface Table {
  readonly headings: readonly string[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly (string | Html)[])[];
}

export async function renderFigure(figure: Figure, number: number): Promise<Html> {
  const { title, caption, panels, table } = figure;
  const plots = await Promise.all(panels.map((panel, i) => renderPanel(panel, `figure-${number}-${i + 1}`)));
  return html`<figure aria-labelledby="figure-${number}">
<h2 id="figure-${number}">${title}</h2>
<div class="panels">${plots}</div>
<figcaption><b>Figure ${number}.</b> ${caption}</figcaption>
${table ? html`<details><summary>Figure ${number} as a table</summary>${renderTable(table, title)}</details>` : null}
</figure>
`;
}

/** @param label says what the table is about, where it scrolls and gets the focus */
export function renderTable({ headings, rows }: Table, label: string): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}"><table>
<thead><tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...rest]) =>
      html`<tr><th scope="row">${first ?? ''}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody>
</table></div>`;
}

/** Colours are the page's variables, so that one drawing serves the light page and the dark one. */
export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
export const ACCENT = 'var(--accent)';
export const SECOND = 'var(--second)';

const config: Config = {
  background: undefined,
  font: 'system-ui, sans-serif',
  padding: 4,
  view: { stroke: null },
  axis: {
    domainColor: MUTED,
    gridColor: 'var(--grid)',
    labelColor: MUTED,
    labelFontSize: 11,
    tickColor: MUTED,
    titleColor: MUTED,
    titleFontSize: 11,
    titleFontWeight: 'normal',
  },
  text: { color: INK, fontSize: 11 },
};

/** Without DOM, canvas or network. */
async function renderPanel({ title, description, spec }: Panel, id: string): Promise<Html> {
  // Only here: they take longer to load than most commands take to run.
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(spec, { config }).spec), { renderer: 'none' });
  const drawn = await view.toSVG();
  view.finalize();
  const [tag] = /^<svg[^>]*>/.exec(drawn) ?? [];
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(tag ?? '') ?? [];
  if (!tag || !width || !height) throw new Error(`the plot "${title}" came out as something else than SVG`);
  return html`<div class="panel"><h3>${title}</h3>
<svg role="img" aria-labelledby="${id}-title ${id}-description" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title id="${id}-title">${title}</title><desc id="${id}-description">${description}</desc>
${trusted(drawn.slice(tag.length))}</div>
`;
}
