import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

type Program = ReturnType<typeof parse>;
type Statement = NonNullable<Parameters<Interpreter['evaluate']>[0]>;
type Value = ReturnType<Interpreter['evaluate']>;

/** Real templates have up to some 20,000 characters. */
const LONGEST_SOURCE = 200_000;
/** The library looks at a run of blanks once for each of them. */
const LONGEST_BLANK = 2_000;
/** Real templates take some hundred steps for a message; this many take half a second. */
const STEPS = 300_000;
/** For templates that walk over a conversation once for each of its messages. */
const STEPS_PER_PAIR_OF_MESSAGES = 200;
/** The library makes a scope and a description of the loop for each value that is looped over. */
const STEPS_PER_ROUND = 10;
/** It looks for an unknown name in each scope, and throws in each. */
const STEPS_PER_UNKNOWN = 20;
/** Characters of a text that are looked at or copied in the time of a step, cautiously. */
const CHARACTERS_PER_STEP = 64;
const LONGEST_TEXT = 1 << 22;
/** A list with all that it unfolds to, in steps. */
const LARGEST_LIST = 1_000_000;
/** Of what a filter, or a method of a text, is told: a name, a separator. */
const LONGEST_ARGUMENT = 1_000;

/**
 * A Jinja template whose work is bounded: templates come with models, from strangers, and one with two nested loops could
 * hold a coordinator or a tab for hours. The steps are counted, and not the time, so that the same template is refused
 * everywhere.
 */
export class BoundedTemplate {
  readonly #program: Program;

  /** @throws TemplateBoundError   @throws Error in the library's words where the source is no Jinja */
  constructor(source: string) {
    if (source.length > LONGEST_SOURCE) {
      throw new TemplateBoundError(
        `it has ${source.length} characters, where no layout needs more than a few thousand.`,
      );
    }
    if (longestBlank(source) > LONGEST_BLANK) throw new TemplateBoundError('it has thousands of blanks in a row.');
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
    const size = messages.reduce((sum, { content }) => sum + content.length / CHARACTERS_PER_STEP, 0);
    const count = messages.length;
    const steps = STEPS + STEPS_PER_PAIR_OF_MESSAGES * count ** 2 + 30 * (count + 1) * size;
    const interpreter = new CountingInterpreter(scope, { steps, largest: LARGEST_LIST + 2 * size });
    return String(interpreter.run(this.#program).value);
  }
}

/** A template does more than any layout of a conversation needs; the message is a sentence about it. */
export class TemplateBoundError extends Error {
  override readonly name = 'TemplateBoundError';
}

const tooLarge = () => new TemplateBoundError('it makes lists or texts of millions of parts.');

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
  readonly #largest: number;
  /** The expressions that loops go over. */
  readonly #looped = new WeakSet<object>();
  /** Those that filters and methods are told. */
  readonly #arguments = new WeakSet<object>();
  /** How much each list and mapping unfolds to: one that holds another twice doubles it. */
  readonly #sizes = new WeakMap<object, number>();
  readonly #statements = new WeakMap<object, number>();

  constructor(scope: Environment, { steps, largest }: { readonly steps: number; readonly largest: number }) {
    super(scope);
    this.#left = steps;
    this.#largest = largest;
  }

  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    if (!statement) return super.evaluate(statement, environment);
    this.#look(statement);
    const value = super.evaluate(statement, environment);
    this.#left -= this.#cost(value) * (this.#looped.has(statement) ? STEPS_PER_ROUND : 1);
    if (statement.type === 'Identifier') {
      this.#left -= depthOf(environment) * (value.type === 'UndefinedValue' ? STEPS_PER_UNKNOWN : 0.1);
    }
    if (this.#arguments.has(statement) && String(value.value ?? '').length > LONGEST_ARGUMENT) throw tooLarge();
    if (this.#left < 0) {
      throw new TemplateBoundError('it takes more steps than any layout needs, as if it had no end.');
    }
    return value;
  }

  /** What is known of a statement before it is evaluated. */
  #look(statement: Statement): void {
    const node = statement as unknown as Node;
    if (node.type === 'For') this.#looped.add(iterableOf(node));
    // The library looks through all of a macro for the names that it uses, each time that it is declared.
    if (node.type === 'Macro' || node.type === 'CallStatement') this.#left -= this.#statementsIn(node);
    const called = node.type === 'FilterExpression' || node.type === 'FilterStatement' ? node.filter : node;
    const isOfOurs = called === node && node.callee?.type !== 'MemberExpression';
    if (called?.args && !isOfOurs) for (const argument of called.args) this.#arguments.add(saidBy(argument));
  }

  #statementsIn(node: object): number {
    const known = this.#statements.get(node);
    if (known !== undefined) return known;
    let count = 1;
    for (const part of Object.values(node)) {
      if (typeof part === 'object' && part !== null) count += this.#statementsIn(part);
    }
    this.#statements.set(node, count);
    return count;
  }

  #cost({ value, type }: Value): number {
    if (typeof value === 'string') {
      if (value.length > LONGEST_TEXT) throw tooLarge();
      return 1 + value.length / CHARACTERS_PER_STEP;
    }
    if (!isContainer(value)) return 1;
    const size = this.#sizeOf(value, type);
    if (size > this.#largest) throw tooLarge();
    return size;
  }

  /** Remembered of what cannot change any more: a namespace may come to hold others, or itself. */
  #sizeOf(values: Container, type: string): number {
    const known = this.#sizes.get(values);
    if (known !== undefined) return known;
    let size = 1;
    let isFixed = type !== 'NamespaceValue';
    for (const held of values.values()) {
      const { value } = held;
      if (isContainer(value)) {
        size += this.#sizeOf(value, held.type);
        isFixed &&= this.#sizes.has(value);
      } else size += 1 + (typeof value === 'string' ? value.length / CHARACTERS_PER_STEP : 0);
      if (size > this.#largest) return size;
    }
    if (isFixed) this.#sizes.set(values, size);
    return size;
  }
}

/** Of the library's syntax tree, what is looked at here. */
interface Node {
  readonly type: string;
  readonly iterable?: Node;
  readonly lhs?: Node;
  readonly filter?: Node;
  readonly callee?: Node;
  readonly args?: readonly Node[];
  readonly value?: unknown;
}

/** Of `attribute=name` the name. */
function saidBy(argument: Node): object {
  return argument.type === 'KeywordArgumentExpression' ? (argument.value as Node) : argument;
}

/** What a loop goes over, without its condition. */
function iterableOf({ iterable }: Node): object {
  const { type, lhs } = iterable as Node;
  return type === 'SelectExpression' && lhs ? lhs : (iterable as Node);
}

function depthOf(environment: Environment): number {
  let depth = 0;
  for (let scope: Environment | undefined = environment; scope; scope = scope.parent) depth++;
  return depth;
}

type Container = readonly Value[] | ReadonlyMap<string, Value>;

function isContainer(value: unknown): value is Container {
  return Array.isArray(value) || value instanceof Map;
}

function longestBlank(source: string): number {
  let longest = 0;
  let run = 0;
  for (const character of source) {
    run = character.trim() === '' ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** Python's, as long as it is one that could be looked at. */
function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0) throw new Error('range() has a step of zero.');
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= LARGEST_LIST)) throw tooLarge();
  return Array.from({ length }, (_, k) => from + k * step);
}
