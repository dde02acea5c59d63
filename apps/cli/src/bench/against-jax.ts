import type { Array as JaxArray } from '@jax-js/jax';
import {
  ourSide,
  type SharedArray,
  type SharedAttention,
  type SharedMatmul,
  type SharedStep,
  type SharedTask,
  type Side,
} from '@perfit/bench';
import { type Timing, timeRuns } from '@perfit/core';

type Jax = typeof import('@jax-js/jax');

/** One task in both libraries. */
export interface JaxComparison {
  readonly name: string;
  readonly shape: string;
  /** In jax-js; null where it could not run. */
  readonly milliseconds: number | null;
  readonly oursMilliseconds: number;
  /** How many times as long jax-js takes. */
  readonly ratio: number | null;
  /** ‖theirs − ours‖ / ‖ours‖, the largest of what the task results in. */
  readonly difference: number | null;
  /** Why jax-js could not run. */
  readonly reason: string | null;
}

/** Both sides are timed by turns, and the best of each counts. */
const turns = 2;
/** Two ways to add up f32 numbers differ by less; a wrong result differs by more. */
const maxDifference = 1e-3;

/**
 * Times jax-js next to our programs: the same tasks, in f32, on the same adapter. Its functions are jitted, its inputs lie
 * on its device, and it gets its weights in the layout of its own products. What it computes is compared first.
 */
export async function* compareWithJax(tasks: readonly SharedTask[]): AsyncGenerator<JaxComparison> {
  const jax = await attempt(startJax);
  for (const task of tasks) {
    const ours = ourSide(task);
    try {
      yield await compare(task, ours, jax);
    } finally {
      ours.dispose();
    }
  }
}

type Attempt<T> = { readonly value: T } | { readonly reason: string };

async function attempt<T>(make: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await make() };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

async function compare(task: SharedTask, ours: Side, jax: Attempt<Jax>): Promise<JaxComparison> {
  const { name, shape } = task;
  const expected = await ours.results();
  let oursMilliseconds = (await ours.time()).milliseconds;
  const theirs = await attempt(async () => {
    if ('reason' in jax) throw new Error(jax.reason);
    const side = jaxSide(jax.value, task);
    const difference = largestDifference(await side.results(), expected);
    if (!(difference < maxDifference)) throw new Error(`its result differs by ${difference.toPrecision(3)}`);
    let { milliseconds } = await side.time();
    for (let turn = 1; turn < turns; turn++) {
      oursMilliseconds = Math.min(oursMilliseconds, (await ours.time()).milliseconds);
      milliseconds = Math.min(milliseconds, (await side.time()).milliseconds);
    }
    // Not where it failed: whose arrays are whose is not known then, and would hide why.
    side.dispose();
    return { milliseconds, difference };
  });
  if ('reason' in theirs) {
    return { name, shape, milliseconds: null, oursMilliseconds, ratio: null, difference: null, reason: theirs.reason };
  }
  const { milliseconds, difference } = theirs.value;
  return {
    name,
    shape,
    milliseconds,
    oursMilliseconds,
    ratio: milliseconds / oursMilliseconds,
    difference,
    reason: null,
  };
}

/** @throws Error where it is not installed or finds no WebGPU */
async function startJax(): Promise<Jax> {
  // It looks into the browser's name, which the navigator of Node before 21 does not have.
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  if (navigator && navigator.userAgent === undefined) navigator.userAgent = `Node.js/${process.versions.node}`;
  const jax = await import('@jax-js/jax');
  const devices = await jax.init('webgpu');
  if (!devices.includes('webgpu')) throw new Error('jax-js finds no WebGPU device');
  jax.defaultDevice('webgpu');
  return jax;
}

function jaxSide(jax: Jax, task: SharedTask): Side {
  switch (task.name) {
    case 'matmul':
      return jaxMatmul(jax, task);
    case 'attention':
      return jaxAttention(jax, task);
    case 'training step':
      return new JaxStep(jax, task);
  }
}

// An array of jax-js belongs to the function that it is passed to; `ref` keeps it for the next.

function jaxMatmul(jax: Jax, { x, weight }: SharedMatmul): Side {
  const { numpy: np, jit } = jax;
  const product = jit((left: JaxArray, right: JaxArray) => np.matmul(left, right));
  return sideOf(jax, product, [x, transposed(weight)]);
}

/**
 * What its `nn.dotProductAttention` consists of, op for op. That one cannot be called before Node 22: it names axes by
 * letters, which its einsum takes apart with iterators' own `map`.
 */
function jaxAttention(jax: Jax, { queries, keys, values }: SharedAttention): Side {
  const { numpy: np, nn, jit } = jax;
  const [, length, heads, headWidth] = queries.shape as [number, number, number, number];
  const group = heads / (keys.shape[2] as number);
  const [row, query, key, head, column] = [0, 1, 2, 3, 4];
  const [byQuery, byKey] = [
    [row, query, head, column],
    [row, key, head, column],
  ];
  const byScore = [row, head, query, key];
  const attention = jit((q: JaxArray, k: JaxArray, v: JaxArray) => {
    const scores = np.einsum(q, byQuery, np.repeat(k, group, 2), byKey, byScore).mul(1 / Math.sqrt(headWidth));
    const seen = np.where(np.tri(length, length, 0, { dtype: np.bool }), scores, Number.NEGATIVE_INFINITY);
    return np.einsum(nn.softmax(seen, -1), byScore, np.repeat(v, group, 2), byKey, byQuery);
  });
  return sideOf(jax, attention, [queries, keys, values]);
}

/** LoRA's pair, transposed like the weight: A [I, R], B [R, O]. */
type Pair = { a: JaxArray; b: JaxArray };
type State = { pair: Pair; first: Pair; second: Pair };

/** Gradient and Adam as one jitted function of the state. */
class JaxStep implements Side {
  readonly #jax: Jax;
  readonly #inputs: readonly JaxArray[];
  readonly #run: ReturnType<typeof jittedStep>;
  #state: State;

  constructor(jax: Jax, task: SharedStep) {
    const { x, weight, target, a, b } = task;
    const zeros = () => ({ a: jax.numpy.zeros(transposed(a).shape), b: jax.numpy.zeros(transposed(b).shape) });
    this.#jax = jax;
    this.#inputs = [x, transposed(weight), target].map((of) => put(jax, of));
    this.#run = jittedStep(jax, task.adam);
    this.#state = { pair: { a: put(jax, transposed(a)), b: put(jax, transposed(b)) }, first: zeros(), second: zeros() };
  }

  async results(): Promise<Float32Array[]> {
    const loss = this.#step();
    const { pair, first } = this.#state;
    const together = ({ a, b }: Pair) =>
      read(this.#jax.numpy.concatenate([a.ref.transpose().ravel(), b.ref.transpose().ravel()]));
    return [await read(loss), await together(first), await together(pair)];
  }

  time(): Promise<Timing> {
    return timeRuns(() => {
      const loss = this.#step();
      return written(this.#jax, this.#state.pair.b.ref, loss);
    });
  }

  /** @returns the loss before the step */
  #step(): JaxArray {
    const { loss, ...next } = this.#run(this.#state, ...(this.#inputs.map(({ ref }) => ref) as Three<JaxArray>));
    this.#state = next;
    return loss;
  }

  dispose(): void {
    this.#jax.tree.dispose([this.#state, ...this.#inputs]);
    this.#run.dispose();
  }
}

type Three<T> = [T, T, T];

function jittedStep({ numpy: np, jit, valueAndGrad }: Jax, { beta1, beta2, epsilon, stepSize }: SharedStep['adam']) {
  const lossOf = ({ a, b }: Pair, x: JaxArray, weight: JaxArray, target: JaxArray): JaxArray => {
    const low = np.matmul(x.ref, a);
    const y = np.matmul(x, weight).add(np.matmul(low, b));
    return np.square(y.sub(target)).sum().mul(0.5);
  };
  const moved = (value: JaxArray, slope: JaxArray, first: JaxArray, second: JaxArray) => {
    const m = first.mul(beta1).add(slope.ref.mul(1 - beta1));
    const v = second.mul(beta2).add(np.square(slope).mul(1 - beta2));
    const next = value.sub(m.ref.mul(stepSize).div(np.sqrt(v.ref).add(epsilon)));
    return { next, m, v };
  };
  return jit(({ pair, first, second }: State, x: JaxArray, weight: JaxArray, target: JaxArray) => {
    const [loss, gradients] = valueAndGrad(lossOf)({ a: pair.a.ref, b: pair.b.ref }, x, weight, target);
    const a = moved(pair.a, gradients.a, first.a, second.a);
    const b = moved(pair.b, gradients.b, first.b, second.b);
    return { loss, pair: { a: a.next, b: b.next }, first: { a: a.m, b: b.m }, second: { a: a.v, b: b.v } };
  });
}

function sideOf<A extends JaxArray[]>(
  jax: Jax,
  run: ((...inputs: A) => JaxArray) & { dispose(): void },
  given: readonly SharedArray[],
): Side {
  const inputs = given.map((of) => put(jax, of));
  const once = () => run(...(inputs.map(({ ref }) => ref) as A));
  return {
    results: async () => [await read(once())],
    time: () => timeRuns(() => written(jax, once())),
    dispose: () => {
      jax.tree.dispose(inputs);
      run.dispose();
    },
  };
}

/**
 * Puts into the queue what an array waits for: jax-js otherwise runs nothing until it is read, and drops what is disposed
 * before. Settling copies one number of it. @param others results of the same call
 */
function written(jax: Jax, out: JaxArray, ...others: JaxArray[]) {
  const buffer = out.ref.gpuBufferSync();
  return {
    settle: () => readOne(jax.getWebGPUDevice(), buffer),
    dispose: () => jax.tree.dispose([out, ...others]),
  };
}

async function readOne(device: GPUDevice, buffer: GPUBuffer): Promise<void> {
  const target = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, target, 0, 4);
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);
  target.destroy();
}

async function read(array: JaxArray): Promise<Float32Array> {
  return (await array.data()) as Float32Array;
}

function put({ numpy: np }: Jax, { shape, values }: SharedArray): JaxArray {
  return np.array(values, { shape: [...shape] });
}

/** [R, C] as [C, R]. */
function transposed({ shape, values }: SharedArray): SharedArray {
  const [rows, columns] = shape as [number, number];
  const turned = Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);
  return { shape: [columns, rows], values: turned };
}

function largestDifference(theirs: readonly Float32Array[], ours: readonly Float32Array[]): number {
  return Math.max(...ours.map((expected, i) => difference(theirs[i] as Float32Array, expected)));
}

function difference(theirs: Float32Array, ours: Float32Array): number {
  if (theirs.length !== ours.length) return Number.NaN;
  let [apart, norm] = [0, 0];
  for (const [i, expected] of ours.entries()) {
    apart += ((theirs[i] as number) - expected) ** 2;
    norm += expected ** 2;
  }
  return Math.sqrt(apart / norm);
}
