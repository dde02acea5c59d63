import type { CSSProperties } from 'react';
import { EmptyBox } from './empty-box.tsx';
import classes from './heat-grid.module.css';

interface HeatGridProps {
  readonly caption: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [rows][columns], each 0 … 1; null where there is nothing. */
  readonly shares: readonly (readonly (number | null)[])[];
  readonly format: (share: number) => string;
  /** What the faintest and the strongest shade mean. */
  readonly legend?: { readonly low: string; readonly high: string };
  /** Said instead of a grid that has nothing yet. */
  readonly empty?: string | null;
  /** In pixels, the same from the start whatever comes into it; as high as its rows where absent. */
  readonly height?: number;
}

/** With more rows their cells are too low for numbers, which are then for screen readers and on hovering. */
const ROWS_WITH_NUMBERS = 8;

/**
 * A table whose cells are shaded by their value: read as a picture, or by a screen reader as a table.
 */
export function HeatGrid({ caption, rows, columns, shares, format, legend, empty, height }: HeatGridProps) {
  const isDense = height !== undefined && rows.length > ROWS_WITH_NUMBERS;
  // Every so-many-th row has its name, so that names do not overlap.
  const every = isDense ? Math.ceil(rows.length / ROWS_WITH_NUMBERS) : 1;
  return (
    <div>
      <div className={classes.box} style={{ height }}>
        {!empty ? (
          <table
            className={classes.grid}
            aria-label={caption}
            data-dense={isDense || undefined}
            data-fixed={height !== undefined || undefined}
          >
            <thead>
              <tr>
                <td className={classes.corner} />
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
                  <th scope="row">
                    <span className={i % every === 0 ? undefined : classes.silent}>{row}</span>
                  </th>
                  {columns.map((column, j) => {
                    const share = shares[i]?.[j] ?? null;
                    const value = share === null ? '' : format(share);
                    return (
                      <td
                        key={column}
                        title={`${row}, ${column}: ${value}`}
                        style={{ '--share': share ?? 0 } as CSSProperties}
                      >
                        <span className={isDense ? classes.silent : undefined}>{value}</span>
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <EmptyBox height="100%">{empty}</EmptyBox>
        )}
      </div>
      {legend ? (
        <div className={classes.legend} aria-hidden>
          <span>{legend.low}</span>
          <span className={classes.scale} />
          <span>{legend.high}</span>
        </div>
      ) : null}
    </div>
  );
}
