import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SimulationResult } from './result.ts';
import { bytes, decimal, grouped, percent } from './table.ts';

/** One file with everything inside: plots (uPlot), tables, the raw figures. It opens without a network. */
export function renderReport(result: SimulationResult): string {
  const { config } = result.federation;
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  const here = dirname(fileURLToPath(import.meta.url));
  const read = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');
  // `<` inside the data could close the script element.
  const data = JSON.stringify(result).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(config.name)} · PerFIT simulation</title>
<style>${read(uplot, 'dist/uPlot.min.css')}${read(here, 'report-page.css')}</style>
</head>
<body>
<main>
<h1>${text(config.name)}</h1>
<p class="lead">${result.clients.length} clients tuned <b>${text(config.model)}</b> together for ${config.schedule.rounds} rounds
with strategy <b>${text(config.strategy)}</b>, in ${result.seconds.toFixed(0)} seconds, ${text(result.startedAt.slice(0, 16).replace('T', ' '))} UTC.
<span class="${result.passed ? 'good' : 'bad'}">${result.passed ? 'Every round was committed and every personal model beats the base model.' : 'It did not pass.'}</span></p>
${result.failures.length ? `<ul class="bad">${result.failures.map((sentence) => `<li>${text(sentence)}</li>`).join('')}</ul>` : ''}
<h2>What each client got</h2>
<p>Perplexity on the client's own held-out examples, which nobody trained on; lower is better.</p>
${table(
  [
    'client',
    'base',
    'received',
    'tuned',
    'alone',
    'kept',
    'kept / base',
    'parameters',
    'training / held-out',
    'up',
    'down',
    'seconds',
    'backend',
  ],
  result.clients.map((client) => [
    client.name,
    decimal(client.perplexity.base),
    decimal(client.perplexity.received),
    decimal(client.perplexity.tuned),
    decimal(client.perplexity.alone),
    decimal(client.perplexity.kept),
    ratio(client.perplexity.kept, client.perplexity.base),
    client.kept === null ? '–' : `${grouped(client.kept)} (${percent(client.density)})`,
    `${client.examples ?? '–'} / ${client.heldOut ?? '–'}`,
    bytes(client.bytesUp),
    bytes(client.bytesDown),
    client.seconds.toFixed(0),
    client.backend ?? '–',
  ]),
)}
${
  result.answers.length > 0
    ? `<h2>What the models answer</h2>
<p>To a question of each client's own that it was never tuned on; the likeliest word each time.</p>
${table(
  ['client', 'question', 'the text has', 'base model', 'own model'],
  result.answers.map(({ client, question, expected, base, personal }) => [client, question, expected, base, personal]),
)}`
    : ''
}
<h2>Perplexity over rounds</h2>
<div class="charts" id="perplexity"></div>
<h2>Training loss and time</h2>
<div class="charts" id="rounds"></div>
<h2>How much the masks have in common</h2>
<p>Shared positions over positions of either. Two unrelated masks of density ρ overlap by ρ / (2 − ρ).</p>
${overlapTable(result)}
<h2>What crossed the network</h2>
<div class="charts" id="bytes"></div>
${table(
  ['direction', 'kind', ...result.clients.map((client) => `${client.name}: messages, bytes`)],
  messageRows(result),
)}
<h2>Rounds</h2>
${table(
  ['round', 'attempt', 'state', 'submissions', 'seconds', 'reason'],
  result.rounds.map((round) => [
    String(round.number),
    String(round.attempt),
    round.state,
    String(round.submissions),
    round.seconds?.toFixed(1) ?? '–',
    round.reason ?? '',
  ]),
)}
<h2>Settings</h2>
<pre>${text(JSON.stringify(config, null, 2))}</pre>
</main>
<script>${read(uplot, 'dist/uPlot.iife.min.js')}</script>
<script>const result = ${data};</script>
<script>${read(here, 'report-page.js')}</script>
</body>
</html>
`;
}

function overlapTable({ clients, maskOverlap }: SimulationResult): string {
  const names = clients.map((client) => client.name);
  const rows = maskOverlap.map((row, i) => {
    const cells = row.map((value) => `<td class="heat" style="--share:${value.toFixed(3)}">${value.toFixed(2)}</td>`);
    return `<tr><th>${text(names[i] ?? '')}</th>${cells.join('')}</tr>`;
  });
  return `<table><thead><tr><th></th>${names.map((name) => `<th>${text(name)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** A row for each kind of message, with a column a client. */
function messageRows({ clients, messages }: SimulationResult): string[][] {
  const kinds = new Map(messages.map(({ direction, kind }) => [`${direction} ${kind}`, { direction, kind }]));
  return [...kinds.values()].map(({ direction, kind }) => [
    direction,
    kind,
    ...clients.map(({ name }) => {
      const own = messages.filter((each) => each.client === name && each.direction === direction && each.kind === kind);
      return `${own.length}, ${bytes(own.reduce((sum, each) => sum + each.bytes, 0))}`;
    }),
  ]);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = header.map((cell) => `<th>${text(cell)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`).join('');
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function ratio(value: number | null, reference: number | null): string {
  return value === null || reference === null ? '–' : (value / reference).toFixed(3);
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
