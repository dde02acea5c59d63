import { useState } from 'react';
import { strings } from '#strings/session-view.ts';
import classes from './figures-table.module.css';

export interface TableSeries {
  readonly label: string;
  /** As long as x; null leaves a gap. */
  readonly values: readonly (number | null)[];
}

interface FiguresTableProps {
  readonly xLabel: string;
  readonly x: readonly number[];
  readonly series: readonly TableSeries[];
  readonly format: (value: number) => string;
}

/** Of more points every so-many-th is shown, and the last. */
const ROWS = 60;

/** What a chart shows, as a table that is opened by whoever would rather read. Its height is fixed: it grows inside. */
export function FiguresTable({ xLabel, x, series, format }: FiguresTableProps) {
  const [isOpen, setIsOpen] = useState(false);
  const every = Math.ceil(x.length / ROWS);
  const rows = isOpen ? x.map((_, i) => i).filter((i) => i % every === 0 || i === x.length - 1) : [];
  return (
    <details className={classes.details} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{strings.asTable}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls by keys */}
      <section className={classes.scroll} tabIndex={0} aria-label={strings.asTable}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{xLabel}</th>
              {series.map(({ label }) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((i) => (
              <tr key={i}>
                <th scope="row">{x[i]}</th>
                {series.map(({ label, values }) => (
                  <td key={label}>{cell(values[i], format)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

function cell(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '' : format(value);
}
