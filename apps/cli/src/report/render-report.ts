import { createHash } from 'node:crypto';
import type { TableRow } from '../experiments/results.ts';
import type { Results } from '../experiments/results-file.ts';
import { comparisonSection } from './comparison-section.ts';
import { type Figure, renderFigure } from './figure.ts';
import { bytesAndPerplexity } from './figures/bytes-and-perplexity.ts';
import { densityByModule } from './figures/density-by-module.ts';
import { gainByClient } from './figures/gain-by-client.ts';
import { maskOverlap } from './figures/mask-overlap.ts';
import { perplexityOverRounds } from './figures/perplexity-over-rounds.ts';
import { secondsByMethod } from './figures/seconds-by-method.ts';
import { type Html, html, trusted } from './html.ts';
import { methodsOf } from './method.ts';
import { setupSection } from './setup-section.ts';
import { STYLESHEET } from './stylesheet.ts';

/**
 * The report of a simulation: one page that needs nothing but itself, no script and no network, and says so to the
 * browser by its content security policy. Names and texts of the experiment are escaped.
 * @returns HTML
 */
export async function renderReport(results: Results, table: readonly TableRow[]): Promise<string> {
  const methods = methodsOf(results.cells, table);
  const title = results.setup?.name ?? results.cells[0]?.experiment ?? 'a simulation';
  const figures = [
    perplexityOverRounds(methods),
    gainByClient(methods),
    bytesAndPerplexity(methods),
    maskOverlap(results.masks),
    densityByModule(results.masks),
    secondsByMethod(methods),
  ].filter((figure): figure is Figure => figure !== null && figure.panels.length > 0);
  const drawn: Html[] = [];
  for (const [i, figure] of figures.entries()) drawn.push(await renderFigure(figure, i + 1));
  return page(title, [comparisonSection(methods), ...drawn, setupSection(results)]);
}

function page(title: string, sections: readonly Html[]): string {
  const hash = createHash('sha256').update(STYLESHEET).digest('base64');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${trusted(hash)}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · perfit simulate</title>
<style>${trusted(STYLESHEET)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${sections}
</main>
</body>
</html>
`.markup;
}
