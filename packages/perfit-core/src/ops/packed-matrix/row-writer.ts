import { type StoredValues, toFloats } from '../../weights/stored-values.ts';

/** Where the rows of a matrix go, in order; each slab is whole rows. */
export interface RowWriter {
  push(slab: StoredValues): void;
  /** After the last row. */
  end(): void;
}

/** @param firstRow where the first of the rows goes */
type WriteRows = (values: StoredValues, firstRow: number) => void;

/** Hands every slab on. */
export function plainWriter(columns: number, write: WriteRows): RowWriter {
  let next = 0;
  return {
    push(slab) {
      write(slab, next);
      next += slab.values.length / columns;
    },
    end() {},
  };
}

/** Keeps an odd row back until its neighbour comes. */
export function pairingWriter({ rows, columns }: { rows: number; columns: number }, write: WriteRows): RowWriter {
  let next = 0;
  let waiting = new Float32Array(0);
  return {
    push(slab) {
      const values = new Float32Array(waiting.length + slab.values.length);
      values.set(waiting);
      values.set(toFloats(slab), waiting.length);
      const count = values.length / columns;
      const ready = next + count === rows ? count : count - (count % 2);
      if (ready > 0) write({ dtype: 'F32', values: values.subarray(0, ready * columns) }, next);
      next += ready;
      waiting = values.slice(ready * columns);
    },
    end() {
      if (waiting.length > 0) write({ dtype: 'F32', values: waiting }, next);
    },
  };
}
