import { WasmRunner } from '../../wasm/runner.ts';
import type { AttentionResult, FlashAttention, FlashGradient, HeadRows } from './flash-attention.ts';

/** Queries that the programs take at a time; `assembly/attention.ts`. */
const block = 32;

/** As `flash-attention.ts` has it, on the processor; each sequence is seen from its beginning. */
export function attention(given: FlashAttention): AttentionResult {
  const { queries, keys, values, shape, firstPosition = 0 } = given;
  const { sequences, heads, keyHeads, headWidth } = shape;
  const rows = queries.rowsPerSequence;
  const runner = WasmRunner.current();
  const result: AttentionResult = {
    out: runner.empty([sequences * rows, heads * headWidth]),
    logSumExp: runner.empty([sequences * heads * rows]),
  };
  runner.programs.attentionForward(
    sequences,
    heads,
    keyHeads,
    headWidth,
    rows,
    keys.rowsPerSequence,
    firstPosition,
    ...place(queries),
    ...place(keys),
    ...place(values),
    runner.address(result.out),
    runner.address(result.logSumExp),
    runner.scratch([[block, 256]], 4 * block * keys.rowsPerSequence),
  );
  return result;
}

/** As `flash-attention.ts` has it, on the processor. */
export function attentionBackward(given: FlashGradient): void {
  const { queries, keys, values, shape, out, logSumExp, dOut, dRotated, dQkv } = given;
  const { sequences, heads, keyHeads, headWidth } = shape;
  const rows = queries.rowsPerSequence;
  if (queries.tensor.dataId !== keys.tensor.dataId) throw new RangeError('queries and keys lie in different tensors');
  if (rows !== keys.rowsPerSequence) throw new RangeError(`${rows} queries, ${keys.rowsPerSequence} keys`);
  const runner = WasmRunner.current();
  const [at, row] = place(queries);
  const rotated = runner.address(dRotated);
  runner.programs.attentionBackward(
    sequences,
    heads,
    keyHeads,
    headWidth,
    rows,
    at,
    place(keys)[0],
    row,
    ...place(values),
    runner.address(out),
    runner.address(dOut),
    runner.address(logSumExp),
    rotated + 4 * queries.column,
    rotated + 4 * keys.column,
    runner.address(dQkv) + 4 * values.column,
    runner.scratch(
      [
        [block, 256],
        [rows, block],
      ],
      2 * 4 * block * rows,
    ),
  );
}

/** Where the first head of the first row lies, and bytes from a row to the next. */
function place({ tensor, column, stride }: HeadRows): [number, number] {
  return [WasmRunner.current().address(tensor) + 4 * column, 4 * stride];
}
