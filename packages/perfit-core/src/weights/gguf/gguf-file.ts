import { refuseLfsPointer } from '../lfs-pointer.ts';
import { shown } from '../shown.ts';
import type { ModelSource } from '../source.ts';
import { WeightsError } from '../weights-error.ts';
import { HeaderBytes } from './header-bytes.ts';
import { Metadata, type MetadataValue } from './metadata.ts';
import { ggmlType, ggmlTypeName, READABLE_TYPES } from './tensor-types.ts';

/** A tensor as the file has it. */
export interface GgufTensor {
  readonly name: string;
  readonly type: NonNullable<ReturnType<typeof ggmlType>>;
  /** Row-major, the other way round than in the file. */
  readonly shape: readonly number[];
  /** Bytes [start, end) of the file. */
  readonly start: number;
  readonly end: number;
}

export interface GgufFile {
  readonly name: string;
  readonly metadata: Metadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 0x46554747; // "GGUF", little-endian
const VERSIONS = [2, 3];
const BIG_ENDIAN = VERSIONS.map((version) => version << 24);
/** Far beyond any real model; a file that claims more is damaged. */
const MAX_ENTRIES = 1 << 16;
const MAX_DIMENSIONS = 4;
const DEFAULT_ALIGNMENT = 32;

/**
 * What a GGUF file begins with: metadata and where its tensors lie. No more than that is read, and no more memory is taken
 * than what has been read justifies.
 * @throws WeightsError
 * Source: github.com/ggml-org/ggml, docs/gguf.md, versions 2 and 3.
 */
export async function readGgufFile(source: ModelSource, name: string): Promise<GgufFile> {
  const size = await source.size(name);
  const header = new HeaderBytes(source, name, size);
  await checkBeginning(header, name);
  const tensorCount = await count(header, 'tensors');
  const entryCount = await count(header, 'entries of metadata');
  const entries = new Map<string, MetadataValue>();
  for (let i = 0; i < entryCount; i++) {
    const key = await header.string();
    if (entries.has(key)) throw header.invalid(`the key ${shown(key)} stands there twice`);
    entries.set(key, await header.value(await header.u32()));
  }
  const metadata = new Metadata(name, entries);
  const described: Description[] = [];
  for (let i = 0; i < tensorCount; i++) described.push(await readDescription(header));
  return { name, metadata, tensors: placed(described, { header, size, alignment: alignmentOf(metadata, header) }) };
}

async function checkBeginning(header: HeaderBytes, name: string): Promise<void> {
  const magic = await header.u32();
  if (magic !== MAGIC) {
    const beginning = new Uint8Array(4);
    new DataView(beginning.buffer).setUint32(0, magic, true);
    refuseLfsPointer(beginning, name);
    throw new WeightsError('weights-invalid-header', `${name} is no GGUF file: it does not begin with "GGUF"`);
  }
  const version = await header.u32();
  if (VERSIONS.includes(version)) return;
  const what = BIG_ENDIAN.includes(version) ? 'is a GGUF file for big-endian machines' : `is GGUF version ${version}`;
  throw new WeightsError('weights-invalid-header', `${name} ${what}: versions 2 and 3, little-endian, can be read`);
}

async function count(header: HeaderBytes, what: string): Promise<number> {
  const value = await header.u64();
  if (value > MAX_ENTRIES) throw header.invalid(`it claims ${value} ${what}`);
  return value;
}

interface Description {
  readonly name: string;
  readonly shape: readonly number[];
  readonly typeId: number;
  /** From the first tensor. */
  readonly offset: number;
}

async function readDescription(header: HeaderBytes): Promise<Description> {
  const name = await header.string();
  const dimensions = await header.u32();
  if (dimensions > MAX_DIMENSIONS) throw header.invalid(`the tensor ${shown(name)} claims ${dimensions} dimensions`);
  const shape: number[] = [];
  for (let i = 0; i < dimensions; i++) shape.unshift(await header.u64());
  return { name, shape, typeId: await header.u32(), offset: await header.u64() };
}

function alignmentOf(metadata: Metadata, header: HeaderBytes): number {
  const alignment = metadata.number('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (!Number.isSafeInteger(alignment) || alignment < 1 || alignment > 1 << 20) {
    throw header.invalid(`its general.alignment is ${alignment}`);
  }
  return alignment;
}

function placed(
  described: readonly Description[],
  { header, size, alignment }: { header: HeaderBytes; size: number; alignment: number },
): Map<string, GgufTensor> {
  const data = Math.ceil(header.position / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const { name, shape, typeId, offset } of described) {
    const bad = (what: string) => header.invalid(`the tensor ${shown(name)} ${what}`);
    if (tensors.has(name)) throw bad('stands there twice');
    const type = ggmlType(typeId);
    if (!type) {
      const message = `${header.file}: the tensor ${shown(name)} is ${ggmlTypeName(typeId)}; ${READABLE_TYPES}`;
      throw new WeightsError('weights-unsupported-dtype', message);
    }
    const values = shape.reduce((product, length) => product * length, 1);
    if (!Number.isSafeInteger(values) || values < 1) throw bad(`has the shape [${shape.join(', ')}]`);
    if ((shape.at(-1) as number) % type.values !== 0) {
      throw bad(`has rows of ${shape.at(-1)} values, which blocks of ${type.values} do not fill`);
    }
    if (offset % alignment !== 0) throw bad(`begins at byte ${offset}, which is no multiple of ${alignment}`);
    const start = data + offset;
    const end = start + (values / type.values) * type.bytes;
    if (end > size) {
      const message = `${header.file} is ${size} bytes long but the tensor ${shown(name)} ends at ${end}`;
      throw new WeightsError('weights-truncated', message);
    }
    tensors.set(name, { name, type, shape, start, end });
  }
  refuseOverlaps(tensors, header);
  return tensors;
}

function refuseOverlaps(tensors: ReadonlyMap<string, GgufTensor>, header: HeaderBytes): void {
  let end = 0;
  for (const tensor of [...tensors.values()].sort((a, b) => a.start - b.start)) {
    if (tensor.start < end) throw header.invalid(`the tensor ${shown(tensor.name)} overlaps the one before it`);
    end = tensor.end;
  }
}
