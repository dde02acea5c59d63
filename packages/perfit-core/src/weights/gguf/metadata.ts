import { WeightsError } from '../weights-error.ts';

export type MetadataValue = string | number | boolean | readonly MetadataValue[];

/** The metadata of a GGUF file by its keys: what is there has the type that is asked for, or the file is refused. */
export class Metadata {
  readonly #file: string;
  readonly entries: ReadonlyMap<string, MetadataValue>;

  constructor(file: string, entries: ReadonlyMap<string, MetadataValue>) {
    this.#file = file;
    this.entries = entries;
  }

  string(key: string): string | undefined {
    return this.#typed(key, 'a text', (value) => typeof value === 'string');
  }

  number(key: string): number | undefined {
    // What is infinite, or none, would be null in JSON, and a default then.
    return this.#typed(key, 'a number', (value): value is number => Number.isFinite(value));
  }

  flag(key: string): boolean | undefined {
    return this.#typed(key, 'true or false', (value) => typeof value === 'boolean');
  }

  strings(key: string): readonly string[] | undefined {
    return this.#typed(key, 'a list of texts', isListOf('string')) as readonly string[] | undefined;
  }

  numbers(key: string): readonly number[] | undefined {
    return this.#typed(key, 'a list of numbers', isListOf('number')) as readonly number[] | undefined;
  }

  /** One number, or one a layer: some converters write them so where all layers are alike. @throws WeightsError where they are not */
  numberOfAllLayers(key: string): number | undefined {
    const value = this.entries.get(key);
    if (!Array.isArray(value)) return this.number(key);
    const [first, ...more] = this.numbers(key) ?? [];
    if (more.some((each) => each !== first)) {
      throw new WeightsError('weights-invalid-header', `${this.#file}: ${key} differs between layers`);
    }
    return first;
  }

  /** @throws WeightsError where the file does not say it */
  assertHas<T>(key: string, value: T | undefined): T {
    if (value !== undefined) return value;
    throw new WeightsError('weights-invalid-header', `${this.#file} has no ${key}`);
  }

  #typed<T extends MetadataValue>(
    key: string,
    what: string,
    isIt: (value: MetadataValue) => value is T,
  ): T | undefined {
    const value = this.entries.get(key);
    if (value === undefined || isIt(value)) return value;
    throw new WeightsError('weights-invalid-header', `${this.#file}: ${key} is not ${what}`);
  }
}

function isListOf(type: 'string' | 'number') {
  return (value: MetadataValue): value is readonly MetadataValue[] =>
    Array.isArray(value) && value.every((each) => typeof each === type);
}
