import { writeFileSync } from 'node:fs';
import { benchOnProcessor, type ModelShape, type ProcessorRates, productRates } from '@perfit/bench';
import { nodeBackend } from '@perfit/core/node';

/** What our programs are held against: issue of the processor's programs. */
const LIMITS = { step: 4, nano: 3, threads: 1.8 } as const;

interface Wish {
  readonly shapes: readonly ModelShape[];
  /** The most; one thread is measured as well. */
  readonly threads: number;
  readonly rows?: number;
  readonly length?: number;
  readonly rank?: number;
  readonly steps?: number;
  readonly json?: string | undefined;
}

interface Measured {
  readonly model: ModelShape;
  readonly rows: number;
  readonly length: number;
  /** Billions of products and sums a second on one thread, of a product of 480 x 576 x 1,536. */
  readonly product: { readonly own: number; readonly tfjs: number };
  readonly own: readonly (ProcessorRates & { readonly threads: number })[];
  readonly tfjs: ProcessorRates;
}

/** Our programs on one thread and on several, and tfjs' ops, one after the other in one run. */
export async function benchProcessor(wish: Wish): Promise<void> {
  const { shapes, threads, rows = 4, length = 128, rank = 8, steps = 3, json } = wish;
  const all: Measured[] = [];
  for (const model of shapes) {
    const sizes = { shape: model, rows, length, rank, steps, prompt: 256 };
    const own: Measured['own'][number][] = [];
    for (const count of threads > 1 ? [1, threads] : [1]) {
      await nodeBackend({ prefer: 'wasm', threads: count });
      own.push({ threads: count, ...(await benchOnProcessor(sizes, 'own')) });
    }
    await nodeBackend({ prefer: 'wasm' });
    const product = await productRates();
    const tfjs = await benchOnProcessor(sizes, 'composed');
    const measured = { model, rows, length, product, own, tfjs };
    process.stdout.write(`${describe(measured)}\n`);
    all.push(measured);
  }
  if (json) writeFileSync(json, `${JSON.stringify(all.map(withRatios), null, 2)}\n`);
}

function withRatios(measured: Measured) {
  const { own, tfjs } = measured;
  return { ...measured, step: own.map(({ threads, step }) => ({ threads, ratio: step / tfjs.step })) };
}

function describe({ model, rows, length, product, own, tfjs }: Measured): string {
  const rates = ({ step, prefill, decode }: ProcessorRates) =>
    `a step at ${number(step)} tokens/s, a prompt at ${number(prefill)}, words at ${number(decode)}`;
  const way = ({ checkpointing, rowsAtOnce }: ProcessorRates) =>
    `${rowsAtOnce} at a time, ${checkpointing ? 'blocks computed twice' : 'everything kept'}`;
  const [one, several] = own;
  const fastest = Math.max(...own.map(({ step }) => step));
  const least = model === 'nano' ? LIMITS.nano : LIMITS.step;
  return [
    `${model}, ${rows} x ${length}; a product of 480 x 576 x 1,536 on one thread: ours ${number(product.own)}, tfjs’ ${number(product.tfjs)} GFLOP/s`,
    ...own.map((each) => `  ours, ${each.threads} thread${each.threads > 1 ? 's' : ''}: ${rates(each)} (${way(each)})`),
    `  tfjs’ ops, one thread: ${rates(tfjs)} (${way(tfjs)})`,
    `  a step against tfjs’ ops: ${(fastest / tfjs.step).toFixed(2)} × (to be at least ${least} ×)`,
    ...(one && several
      ? [`  threads: ${(several.step / one.step).toFixed(2)} × (to be at least ${LIMITS.threads} × for two)`]
      : []),
  ].join('\n');
}

function number(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
