import { ranges, WasmRunner } from '../../wasm/runner.ts';
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
  const units = sequences * keyHeads;
  const seen = firstPosition + rows;
  const cut = ranges(units, runner.parts(2 * sequences * heads * rows * seen * headWidth, units));
  const scratch = runner.scratch(cut.length, [[block, 256]], 4 * block * keys.rowsPerSequence);
  const of = [heads, keyHeads, headWidth, rows, keys.rowsPerSequence, firstPosition] as const;
  const places = [...place(queries), ...place(keys), ...place(values)] as const;
  const to = runner.addresses(result.out, result.logSumExp);
  runner.run(
    cut.map(([from, end], i) => ['attentionForward', from, end, ...of, ...places, ...to, scratch[i] as number]),
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
  const units = sequences * keyHeads;
  const cut = ranges(units, runner.parts(5 * sequences * heads * rows * rows * headWidth, units));
  const products = [
    [block, 256],
    [rows, block],
  ] as const;
  const scratch = runner.scratch(cut.length, products, 2 * 4 * block * rows);
  const of = [heads, keyHeads, headWidth, rows, at, place(keys)[0], row, ...place(values)] as const;
  const along = runner.addresses(out, dOut, logSumExp);
  const to = [
    rotated + 4 * queries.column,
    rotated + 4 * keys.column,
    runner.address(dQkv) + 4 * values.column,
  ] as const;
  runner.run(
    cut.map(([from, end], i) => ['attentionBackward', from, end, ...of, ...along, ...to, scratch[i] as number]),
  );
}

/** Where the first head of the first row lies, and bytes from a row to the next. */
function place({ tensor, column, stride }: HeadRows): [number, number] {
  return [WasmRunner.current().address(tensor) + 4 * column, 4 * stride];
}
