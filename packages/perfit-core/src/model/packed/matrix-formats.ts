import { projectionWidths } from '@perfit/protocol/space';
import { moduleName } from '../../adapter/module-name.ts';
import { type Format, formatOf, packedWords, type RoundedPrecision } from '../../ops/packed-matrix/formats.ts';
import type { TensorEntry } from '../../weights/tensor-values.ts';
import { dimensions, type ModelConfig } from '../config.ts';
import { embeddingName, HEAD_NAME } from '../expected-tensors.ts';
import { GROUP_NAMES, GROUPS, type Group } from './packed-weights.ts';

/** The format of each frozen matrix of a model. */
export interface MatrixFormats {
  readonly embedding: Format;
  /** The embedding's where the head is tied. */
  readonly head: Format;
  /** Of each block. */
  readonly blocks: readonly Readonly<Record<Group, Format>>[];
  /** Whether every value is the file's. */
  readonly isExact: boolean;
}

/** All matrices rounded to one precision, or each as its file has it. */
export type Held = RoundedPrecision | MatrixFormats;

/** All in one format. */
export function uniformFormats({ layers }: Pick<ModelConfig, 'layers'>, format: Format): MatrixFormats {
  const block = Object.fromEntries(GROUP_NAMES.map((group) => [group, format])) as Record<Group, Format>;
  const blocks = Array.from({ length: layers }, () => block);
  return { embedding: format, head: format, blocks, isExact: format === 'f32' };
}

export function formatsOf(config: Pick<ModelConfig, 'layers'>, held: Held): MatrixFormats {
  return typeof held === 'string' ? uniformFormats(config, held) : held;
}

/**
 * What the files have their matrices in. Projections that one product computes and that are not of one type are held in f16,
 * as is a type that no format is like.
 * @returns null where no matrix is in blocks: such a model is held in what its size suggests
 */
export function fileFormats(config: ModelConfig, entries: ReadonlyMap<string, TensorEntry>): MatrixFormats | null {
  let isExact = true;
  const of = (...names: string[]): Format => {
    const formats = new Set(names.map((name) => formatOf(entries.get(name)?.dtype ?? '')));
    const [format] = formats;
    if (formats.size === 1 && format) return format;
    isExact = false;
    return 'f16';
  };
  const embedding = of(embeddingName(config.tiedHead, entries));
  const head = config.tiedHead ? embedding : of(HEAD_NAME);
  const blocks = Array.from({ length: config.layers }, (_, layer) => {
    const groups = GROUP_NAMES.map((group) => [
      group,
      of(...GROUPS[group].map((projection) => `${moduleName({ layer, projection })}.weight`)),
    ]);
    return Object.fromEntries(groups) as Record<Group, Format>;
  });
  const all = [embedding, head, ...blocks.flatMap((block) => Object.values(block))];
  return all.some((format) => format !== 'f32' && format !== 'f16') ? { embedding, head, blocks, isExact } : null;
}

/** Bytes of the matrices, packed. */
export function matrixBytes(config: ModelConfig, held: Held): number {
  const { width, vocabSize, tiedHead } = config;
  const { embedding, head, blocks } = formatsOf(config, held);
  const bytes = (format: Format, rows: number, columns: number) => {
    const words = packedWords(format, rows, columns);
    return 4 * (words.values + words.scales);
  };
  const group = (name: Group, format: Format) =>
    bytes(format, outWidthOf(config, name), projectionWidths(dimensions(config), GROUPS[name][0]).inWidth);
  const ofBlock = (block: Readonly<Record<Group, Format>>) =>
    GROUP_NAMES.reduce((sum, name) => sum + group(name, block[name]), 0);
  return (
    bytes(embedding, vocabSize, width) +
    (tiedHead ? 0 : bytes(head, vocabSize, width)) +
    blocks.reduce((sum, block) => sum + ofBlock(block), 0)
  );
}

/** Values that a group of projections makes of a row. */
export function outWidthOf(config: ModelConfig, group: Group): number {
  const widths = GROUPS[group].map((projection) => projectionWidths(dimensions(config), projection).outWidth);
  return widths.reduce((sum, width) => sum + width, 0);
}
