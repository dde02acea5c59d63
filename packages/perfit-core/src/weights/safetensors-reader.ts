import { refuseLfsPointer } from './lfs-pointer.ts';
import type { ModelSource } from './source.ts';
import type { TensorEntry, WeightFiles } from './tensor-values.ts';
import { WeightsError } from './weights-error.ts';

/** Sizes in bytes of every dtype that the format knows; a header may hold tensors that we never read. */
const dtypeBytes: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

/** The format's own limit on its header. */
const largestHeader = 100_000_000;
const lengthField = 8;

/**
 * The tensors of a model's folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names, or what the
 * source has instead of them. Only headers are read.
 * @throws WeightsError
 */
export async function openWeights(source: ModelSource): Promise<WeightFiles> {
  if (source.weights) return await source.weights();
  const files = (await source.has('model.safetensors')) ? ['model.safetensors'] : await shardNames(source);
  const entries = new Map<string, TensorEntry>();
  let bytes = 0;
  for (const file of files) {
    for (const entry of await readHeader(source, file)) {
      if (entries.has(entry.name)) {
        throw new WeightsError('weights-invalid-header', `${file} repeats the tensor ${entry.name}`);
      }
      entries.set(entry.name, entry);
      bytes += entry.end - entry.start;
    }
  }
  return { entries, bytes };
}

/** The files that `model.safetensors.index.json` names, sorted. @throws WeightsError */
export async function shardNames(source: Pick<ModelSource, 'describe' | 'has' | 'text'>): Promise<string[]> {
  const indexFile = 'model.safetensors.index.json';
  if (!(await source.has(indexFile))) {
    throw new WeightsError(
      'weights-missing-file',
      `${source.describe()} has neither model.safetensors nor ${indexFile}`,
    );
  }
  const index = parseObject(await source.text(indexFile), indexFile);
  const weightMap = index.weight_map;
  if (!isObject(weightMap)) throw new WeightsError('weights-invalid-header', `${indexFile} has no weight_map`);
  const shards = new Set<string>();
  for (const [tensor, shard] of Object.entries(weightMap)) {
    if (typeof shard !== 'string' || !/^[\w.-]+\.safetensors$/.test(shard)) {
      throw new WeightsError('weights-invalid-header', `${indexFile} gives no usable file for ${tensor}`);
    }
    shards.add(shard);
  }
  return [...shards].sort();
}

/**
 * The header of one safetensors file, checked: its length fits the file, every dtype is known, every range has the
 * size that its shape implies, and the ranges lie end to end from the first byte of data to the last of the file.
 * @throws WeightsError
 */
export async function readHeader(source: ModelSource, file: string): Promise<TensorEntry[]> {
  const fileSize = await source.size(file);
  if (fileSize < lengthField)
    throw new WeightsError('weights-truncated', `${file} is ${fileSize} bytes long: no header`);
  const lengthBytes = await source.range(file, 0, lengthField);
  refuseLfsPointer(lengthBytes, file);
  const length = Number(new DataView(lengthBytes.buffer, lengthBytes.byteOffset).getBigUint64(0, true));
  if (length > largestHeader)
    throw new WeightsError('weights-invalid-header', `${file} claims a header of ${length} bytes`);
  const dataStart = lengthField + length;
  if (dataStart > fileSize) {
    throw new WeightsError('weights-truncated', `${file} is ${fileSize} bytes long but its header needs ${dataStart}`);
  }
  const json = new TextDecoder().decode(await source.range(file, lengthField, dataStart));
  const header = parseObject(json, `the header of ${file}`);
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(value, { name, file, dataStart }));
  checkRanges(entries, { file, fileSize, dataStart });
  return entries;
}

function parseEntry(value: unknown, at: { name: string; file: string; dataStart: number }): TensorEntry {
  const { name, file, dataStart } = at;
  const bad = (what: string) => new WeightsError('weights-invalid-header', `${file}: the tensor ${name} has ${what}`);
  if (!isObject(value)) throw bad('no description');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw bad('no dtype');
  const elementBytes = dtypeBytes[dtype];
  if (elementBytes === undefined) {
    throw new WeightsError('weights-unsupported-dtype', `${file}: the tensor ${name} has the unknown dtype ${dtype}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) throw bad('no usable shape');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) throw bad('no usable data_offsets');
  const [start, end] = offsets as [number, number];
  const size = shape.reduce((product: number, width: number) => product * width, elementBytes);
  if (end - start !== size) throw bad(`${end - start} bytes where ${dtype} [${shape.join(', ')}] needs ${size}`);
  return { name, file, dtype, shape, start: dataStart + start, end: dataStart + end };
}

function checkRanges(entries: TensorEntry[], at: { file: string; fileSize: number; dataStart: number }): void {
  let next = at.dataStart;
  for (const entry of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (entry.start !== next) {
      const what = entry.start < next ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw new WeightsError('weights-invalid-header', `${at.file}: the tensor ${entry.name} ${what}`);
    }
    if (entry.end > at.fileSize) {
      const message = `${at.file} is ${at.fileSize} bytes long but the tensor ${entry.name} ends at ${entry.end}`;
      throw new WeightsError('weights-truncated', message);
    }
    next = entry.end;
  }
  if (next !== at.fileSize) {
    throw new WeightsError(
      'weights-invalid-header',
      `${at.file} has ${at.fileSize - next} bytes behind its last tensor`,
    );
  }
}

function parseObject(json: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new WeightsError('weights-invalid-header', `${what} is not JSON`, { cause });
  }
  if (!isObject(value)) throw new WeightsError('weights-invalid-header', `${what} is not a JSON object`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
