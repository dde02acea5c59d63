import type { Results, Setup } from '../experiments/results-file.ts';
import { renderTable } from './figure.ts';
import { type Html, html } from './html.ts';

/** How to get the same figures again. */
export function setupSection({ setup }: Results): Html {
  return html`<section aria-labelledby="setup">
<h2 id="setup">Setup</h2>
${setup ? described(setup) : html`<p>These results are from a version that did not keep how they were made.</p>`}
</section>
`;
}

function described({ model, backend, machine, date, clients, config }: Setup): Html {
  const facts: readonly (readonly [string, string])[] = [
    ['model', model],
    ['backend', backend],
    ['machine', machine],
    ['written', `${date.slice(0, 16).replace('T', ' ')} UTC`],
  ];
  const data = {
    headings: ['client', 'rows to train on', 'held out'],
    rows: clients.map(({ name, training, heldOut }) => [name, String(training), String(heldOut)]),
  };
  return html`<dl>${facts.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>
${renderTable(data, 'Data of the first seed')}
<details open><summary>Configuration</summary><pre tabindex="0">${config}</pre></details>`;
}
