import { formatEstimate, formatP } from '../experiments/render-results.ts';
import type { TableRow } from '../experiments/results.ts';
import type { Comparison } from '../experiments/statistics.ts';
import { renderTable, type Table } from './figure.ts';
import { type Html, html } from './html.ts';
import { clientsOf, type Method, seedsOf } from './method.ts';

/** Who is better than whom, at which cost, and how sure that is. */
export function comparisonSection(methods: readonly Method[]): Html {
  const [clients, seeds] = [clientsOf(methods).length, seedsOf(methods).length];
  return html`<section aria-labelledby="comparison">
<p>${methods.length} methods, ${clients} clients, ${seeds === 1 ? '1 seed' : `${seeds} seeds`}.</p>
<h2 id="comparison">Comparison</h2>
${renderTable(tableOf(methods), 'Comparison of methods')}
${notes(methods, clients)}
</section>
`;
}

function tableOf(methods: readonly Method[]): Table {
  return {
    headings: [
      'method',
      'leaves',
      'perplexity',
      '× FedIT',
      '× FedIT, tuned',
      '× FedIT + FT',
      'trainable',
      'kB up',
      'kB down',
      'seconds',
    ],
    rows: methods.map(({ label, row }) => [
      label,
      row.result,
      formatEstimate(row.perplexity),
      ratio(row.comparisons.fedit, isReference(row, 'fedit')),
      ratio(row.comparisons.feditTuned, false),
      ratio(row.comparisons.feditThenLocal, isReference(row, 'fedit+ft')),
      Math.round(row.trainable).toLocaleString('en'),
      kilobytes(row.bytesUp),
      kilobytes(row.bytesDown),
      row.seconds.toFixed(1),
    ]),
  };
}

function isReference({ strategy, setting }: TableRow, reference: string): boolean {
  return strategy === reference && setting === 'default';
}

/** Bold where the interval excludes 1. */
function ratio(comparison: Comparison | null, isReference: boolean): Html | string {
  if (!comparison) return '–';
  if (isReference) return 'reference';
  const { ratio, low, high, p, pByClient } = comparison;
  const figure = ratio.toFixed(3);
  const isClear = low > 1 || high < 1;
  return html`${isClear ? html`<strong>${figure}</strong>` : figure} [${low.toFixed(3)}, ${high.toFixed(3)}]<br><small>p ${formatP(p)}, by client ${formatP(pByClient)}</small>`;
}

function kilobytes(bytes: number): string {
  return Math.round(bytes / 1000).toLocaleString('en');
}

function notes(methods: readonly Method[], clients: number): Html {
  const isStopped = methods.some(({ row }) => row.stoppedAt !== null);
  const isMissing = ({ row, cells }: Method) =>
    row.result === 'global' && cells.every(({ perplexity }) => perplexity.after === undefined);
  return html`<ul class="notes">
<li><b>Perplexity</b> is measured on rows that a client holds out and never trains on, of what the method <i>leaves</i> the client with: the global adapter as it arrives, or the personal module, as the client tuned it last or, where validation rows choose, the best of what it received and tuned. ${
    isStopped
      ? 'The round is the one with the lowest perplexity on separate validation rows, chosen for each client and seed.'
      : 'It is that of the last round.'
  }${
    methods.some(isMissing)
      ? ' These results are from a version that did not evaluate the global adapter after the last round: it is the one that the last round started from, and one round younger.'
      : ''
  } Mean over clients and seeds ± standard error.</li>
<li><b>Ratios</b> are geometric means of perplexity divided by that of the reference for the same client and seed; below 1 is better. <b>× FedIT</b> holds methods against what FedIT publishes, its global model. <b>× FedIT, tuned</b> is the stricter reading: against what FedIT’s clients have in their hands after their own last tuning. <b>× FedIT + FT</b>: against FedIT followed by local fine-tuning.</li>
<li><b>Intervals</b> are 95 %, by the bootstrap over ${
    clients >= 4
      ? 'clients with all their seeds, because seeds of one client share its rows'
      : 'pairs of client and seed; these share rows, and with so few clients the intervals speak about these clients only'
  }. A ratio is bold where its interval excludes 1.</li>
<li><b>p</b> is two-sided, from a sign-flip test on log ratios over pairs of client and seed, and <b>by client</b> over means of clients, which are fewer but share no rows. They are not corrected for the number of comparisons.</li>
<li><b>Costs</b> are a client’s mean: parameters trained, bytes and seconds over all rounds.</li>
</ul>`;
}
