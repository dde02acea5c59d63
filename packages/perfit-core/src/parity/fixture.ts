import type { Projection } from '@perfit/protocol/space';
import type { TokenBatch } from '../text/token-batch.ts';
import { readHeader } from '../weights/safetensors-reader.ts';
import type { ModelSource } from '../weights/source.ts';
import { readTensor } from '../weights/tensor-values.ts';
import { ParityError } from './parity-error.ts';

/** Numbers that another framework computed for one model: `fixture.json` and `tensors.safetensors` of a folder. */
export interface ParityFixture {
  readonly model: string;
  readonly batches: readonly TokenBatch[];
  readonly forward: { readonly loss: number; readonly lossAllBatches: readonly number[] };
  readonly lora: {
    readonly rank: number;
    readonly alpha: number;
    readonly modules: readonly Projection[];
    readonly parameterCount: number;
    readonly loss: number;
    /** Module, shape of A, shape of B, in the order of theta. */
    readonly layout: readonly (readonly [string, readonly number[], readonly number[]])[];
  };
  readonly masks: Readonly<Record<string, { readonly density: number; readonly searchBatches: readonly number[] }>>;
  readonly adamw: {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly batches: readonly number[];
    readonly losses: readonly number[];
    readonly finalLoss: number;
  };
  readonly aggregation: { readonly weights: readonly number[] };
  /**
   * How far the other framework's own float32 is from these numbers, by the names of their tensors and the measures of the
   * checks, where it was measured.
   */
  readonly float32: Readonly<Record<string, number>>;
  /** @throws ParityError `parity-missing-tensor` */
  tensor(name: string): Float32Array;
  tensorNames(): string[];
}

/** @throws ParityError where a field is missing   @throws WeightsError where a file cannot be read */
export async function loadParityFixture(source: ModelSource): Promise<ParityFixture> {
  const json = parse(await source.text('fixture.json'), source);
  const tensors = new Map<string, Float32Array>();
  for (const entry of await readHeader(source, 'tensors.safetensors')) {
    tensors.set(entry.name, await readTensor(source, entry));
  }
  const { adamw } = json;
  return {
    model: json.model,
    batches: json.batches.map(toBatch),
    forward: json.forward,
    lora: json.lora,
    masks: json.masks,
    adamw: {
      learningRate: adamw.lr,
      beta1: adamw.beta1,
      beta2: adamw.beta2,
      epsilon: adamw.eps,
      weightDecay: adamw.weightDecay,
      batches: adamw.batches,
      losses: adamw.losses,
      finalLoss: adamw.finalLossBatch11,
    },
    aggregation: json.aggregation,
    float32: Object.fromEntries(Object.entries(json.float32 ?? {}).filter(([, far]) => typeof far === 'number')),
    tensor(name) {
      const values = tensors.get(name);
      if (!values)
        throw new ParityError('parity-missing-tensor', `the fixture in ${source.describe()} has no tensor ${name}`);
      return values;
    },
    tensorNames: () => [...tensors.keys()],
  };
}

/** fixture.json as it is written. */
interface FixtureJson extends Pick<ParityFixture, 'model' | 'forward' | 'lora' | 'masks' | 'aggregation'> {
  readonly float32?: Readonly<Record<string, number>>;
  readonly batches: readonly { inputIds: number[][]; labels: number[][] }[];
  readonly adamw: {
    readonly lr: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly eps: number;
    readonly weightDecay: number;
    readonly batches: readonly number[];
    readonly losses: readonly number[];
    readonly finalLossBatch11: number;
  };
}

const sections = ['model', 'batches', 'forward', 'lora', 'masks', 'adamw', 'aggregation'] as const;

function parse(text: string, source: ModelSource): FixtureJson {
  let json: Partial<FixtureJson>;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ParityError('parity-invalid-fixture', `fixture.json in ${source.describe()} is not JSON`, { cause });
  }
  for (const section of sections) {
    if (json?.[section] === undefined) {
      throw new ParityError('parity-invalid-fixture', `fixture.json in ${source.describe()} has no ${section}`);
    }
  }
  return json as FixtureJson;
}

function toBatch({ inputIds, labels }: { inputIds: number[][]; labels: number[][] }): TokenBatch {
  const rows = inputIds.length;
  const length = inputIds[0]?.length ?? 0;
  return {
    inputIds: Int32Array.from(inputIds.flat()),
    labels: Int32Array.from(labels.flat()),
    rows,
    length,
    tokens: rows * length,
  };
}
