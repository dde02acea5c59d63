import type { CSSProperties } from 'react';
import classes from './heat-grid.module.css';

interface HeatGridProps {
  readonly caption: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [rows][columns], each 0 … 1; null where there is nothing. */
  readonly shares: readonly (readonly (number | null)[])[];
  readonly format: (share: number) => string;
}

/** A table whose cells are shaded by their value: read as a picture, or by a screen reader as a table. */
export function HeatGrid({ caption, rows, columns, shares, format }: HeatGridProps) {
  return (
    <div className={classes.scroll}>
      <table className={classes.grid} aria-label={caption}>
        <thead>
          <tr>
            <td className={classes.corner} style={{ background: 'none' }} />
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {columns.map((column, j) => {
                const share = shares[i]?.[j] ?? null;
                return (
                  <td key={column} style={{ '--share': share ?? 0 } as CSSProperties}>
                    {share === null ? '' : format(share)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
