import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

type Program = ReturnType<typeof parse>;
type Statement = Parameters<Interpreter['evaluate']>[0];
type Value = ReturnType<Interpreter['evaluate']>;

/** Real templates have up to some 20,000 characters. */
const LONGEST_SOURCE = 1_000_000;
/** Real templates take some hundred steps for a message; this many take half a second. */
const STEPS = 300_000;
/** For templates that walk over a conversation once for each of its messages. */
const STEPS_PER_PAIR_OF_MESSAGES = 200;
/** The library makes a scope and a description of the loop for each value that is looped over. */
const STEPS_PER_ROUND = 10;
/** Characters of a text that are looked at or copied in the time of a step, cautiously. */
const CHARACTERS_PER_STEP = 64;
const LONGEST_TEXT = 1 << 22;
const LONGEST_LIST = 1_000_000;

/**
 * A Jinja template whose work is bounded: templates come with models, from strangers, and one with two nested loops could
 * hold a coordinator or a tab for hours. The steps are counted, and not the time, so that the same template is refused
 * everywhere.
 */
export class BoundedTemplate {
  readonly #program: Program;

  /** @throws Error in the library's words where the source is no Jinja, or in ours where it is longer than any template */
  constructor(source: string) {
    if (source.length > LONGEST_SOURCE) {
      throw new Error(`it has ${source.length} characters, which no template needs.`);
    }
    this.#program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  }

  /**
   * @param messages what steps are allowed for
   * @param variables what the template may name
   * @throws TemplateBoundError  @throws Error where the template fails, or refuses the messages
   */
  render(messages: readonly { readonly content: string }[], variables: Readonly<Record<string, unknown>>): string {
    const scope = new Environment();
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables, messages })) scope.set(name, value);
    const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
    const steps = STEPS + characters + STEPS_PER_PAIR_OF_MESSAGES * messages.length ** 2;
    return String(new CountingInterpreter(scope, steps).run(this.#program).value);
  }
}

/** A template does more than any layout of a conversation needs; the message is a sentence about it. */
export class TemplateBoundError extends Error {
  override readonly name = 'TemplateBoundError';
}

/** What Jinja in transformers knows without being told. */
const GLOBALS: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range: boundedRange,
  raise_exception: (reason: string) => {
    throw new Error(reason);
  },
};

class CountingInterpreter extends Interpreter {
  #left: number;
  /** The expressions that loops go over. */
  readonly #looped = new WeakSet<object>();
  /** How many values each list and mapping unfolds to: one that holds another twice doubles it. */
  readonly #sizes = new WeakMap<object, number>();

  constructor(scope: Environment, steps: number) {
    super(scope);
    this.#left = steps;
  }

  override evaluate(statement: Statement, environment: Environment): Value {
    if (statement?.type === 'For') this.#looped.add(iterableOf(statement));
    const value = super.evaluate(statement, environment);
    this.#left -= this.#cost(value) * (statement && this.#looped.has(statement) ? STEPS_PER_ROUND : 1);
    if (this.#left < 0) {
      throw new TemplateBoundError('it takes more steps than any layout needs, as if it had no end.');
    }
    return value;
  }

  #cost({ value, type }: Value): number {
    if (typeof value === 'string') {
      if (value.length > LONGEST_TEXT) throw new TemplateBoundError('it makes a text of millions of characters.');
      return 1 + value.length / CHARACTERS_PER_STEP;
    }
    if (!isContainer(value)) return 1;
    const size = this.#sizeOf(value, type);
    if (size > LONGEST_LIST) throw new TemplateBoundError('it makes a list of millions of values.');
    return 1 + (this.#sizes.has(value) ? lengthOf(value) : size);
  }

  /** Remembered of what cannot change any more: a namespace may come to hold others, or itself. */
  #sizeOf(values: Container, type: string): number {
    const known = this.#sizes.get(values);
    if (known !== undefined) return known;
    let size = 1;
    let isFixed = type !== 'NamespaceValue';
    for (const held of values.values()) {
      const { value } = held;
      size += isContainer(value) ? this.#sizeOf(value, held.type) : 1;
      isFixed &&= !isContainer(value) || this.#sizes.has(value);
      if (size > LONGEST_LIST) return size;
    }
    if (isFixed) this.#sizes.set(values, size);
    return size;
  }
}

/** What a loop goes over, without its condition. */
function iterableOf(loop: NonNullable<Statement>): object {
  const { iterable } = loop as unknown as { readonly iterable: { readonly type: string; readonly lhs?: object } };
  return iterable.lhs && iterable.type === 'SelectExpression' ? iterable.lhs : iterable;
}

type Container = readonly Value[] | ReadonlyMap<string, Value>;

function isContainer(value: unknown): value is Container {
  return Array.isArray(value) || value instanceof Map;
}

function lengthOf(values: Container): number {
  return values instanceof Map ? values.size : (values as readonly Value[]).length;
}

/** Python's, as long as it is one that could be looked at. */
function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0) throw new Error('range() has a step of zero.');
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= LONGEST_LIST)) throw new TemplateBoundError('it makes a list of millions of values.');
  return Array.from({ length }, (_, k) => from + k * step);
}
