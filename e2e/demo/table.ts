import type { SimulationResult } from './result.ts';

/** The result as a person reads it in a terminal. */
export function renderTable(result: SimulationResult): string {
  const header = [
    ...['client', 'base', 'received', 'tuned', 'alone', 'kept', 'joining'],
    ...['parameters', 'up', 'down', 'seconds', 'backend'],
  ];
  const rows = result.clients.map((client) => [
    client.name,
    decimal(client.perplexity.base),
    decimal(client.perplexity.received),
    decimal(client.perplexity.tuned),
    decimal(client.perplexity.alone),
    decimal(client.perplexity.kept),
    client.joining === null ? '–' : verdicts[client.joining],
    client.kept === null ? '–' : `${grouped(client.kept)} (${percent(client.density)})`,
    bytes(client.bytesUp),
    bytes(client.bytesDown),
    client.seconds.toFixed(0),
    client.backend ?? '–',
  ]);
  const names = result.clients.map((client) => client.name);
  const overlap = result.maskOverlap.map((row, i) => [names[i] as string, ...row.map((value) => value.toFixed(2))]);
  const committed = result.rounds.filter((round) => round.state === 'committed').length;
  return [
    `Perplexity on each client's own held-out examples (lower is better), ${committed} of ${result.federation.config.schedule.rounds} rounds committed:`,
    '',
    columns([header, ...rows]),
    '',
    'Overlap of the masks (shared positions / positions of either; 1 is the same mask):',
    '',
    columns([['', ...names], ...overlap]),
    ...result.answers.flatMap(({ client, question, expected, base, personal }) => [
      '',
      `${client} was asked: ${question}`,
      `  the text has:    ${expected}`,
      `  the base model:  ${base}`,
      `  the own model:   ${personal}`,
    ]),
  ].join('\n');
}

const verdicts = { helped: 'helped', 'did-not-help': 'did not help', 'cannot-tell': 'cannot tell' } as const;

/** Left-aligned first column, right-aligned others. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, i) =>
        i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number),
      );
      return `  ${cells.join('   ')}`.trimEnd();
    })
    .join('\n');
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(2)} MB`;
}

export function decimal(value: number | null): string {
  return value === null ? '–' : value.toFixed(value < 100 ? 2 : 1);
}

export function grouped(value: number): string {
  return value.toLocaleString('en');
}

export function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(0)} %`;
}
