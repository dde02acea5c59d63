import { AdapterTensors, type ColumnMapping, evaluate } from '@perfit/core';
import { templateNotesInTime } from '@perfit/core/node';
import { Command } from 'commander';
import { readAdapter } from '../adapter-folder.ts';
import { type AnsweredQuestion, type AnswerScores, answerQuestions, scoresOf } from '../answer-report.ts';
import { backendOption, threadsOption } from '../backend-option.ts';
import { type BackendChoice, openModel, withinPositions } from '../local-model.ts';
import { columnsOption, describeProblems, readDataset } from '../local-text.ts';
import { wholeNumber } from '../numbers.ts';

/** What was computed is of no use to anybody. */
class FigureError extends Error {
  override readonly name = 'FigureError';
  readonly code = 'not-finite';
}

interface Flags {
  readonly data: string;
  readonly columns?: ColumnMapping;
  readonly adapter?: string;
  readonly maxLength: number;
  readonly generate?: number | true;
  readonly maxTokens: number;
  readonly backend: BackendChoice;
  readonly threads: number;
  readonly json: boolean;
}

/** So many questions where nobody says how many. */
const QUESTIONS = 3;

const MEASURES = {
  perplexity: 'how many words the model is choosing between at each token; lower is better, 1 knows the text by heart',
  tokenAccuracy:
    'share of the tokens of your answers that the model finds likeliest, given the right ones before; higher is better',
  rougeL: 'how much of your answer the model’s own says in the same order, by words, from 0 to 1 (F1; Lin 2004)',
  exact: 'answers that are yours to the letter, spaces aside',
} as const;

const NAMES: Readonly<Record<keyof typeof MEASURES, string>> = {
  perplexity: 'Perplexity',
  tokenAccuracy: 'Token accuracy',
  rougeL: 'ROUGE-L',
  exact: 'Exact match',
};

export function evalCommand(): Command {
  return new Command('eval')
    .description('measures a model, with or without an adapter, on the responses of a text')
    .argument('<model>', 'a Hugging Face folder or a GGUF file')
    .requiredOption('--data <path>', 'JSONL, JSON, CSV or text, or a folder of such; all of it is evaluated')
    .addOption(columnsOption())
    .option('--adapter <dir>', 'a PEFT adapter')
    .option('--max-length <tokens>', 'longer examples are cut', wholeNumber(16, 32768), 128)
    .option(
      '--generate [n]',
      `answers the first n questions of the text, ${QUESTIONS} by default, without and with the adapter, and shows them`,
      wholeNumber(1, 10_000),
    )
    .option('--max-tokens <n>', 'an answer ends there', wholeNumber(1, 32768), 64)
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'the figures as JSON', false)
    .addHelpText('after', `\nMeasures:\n${explained(['perplexity', 'tokenAccuracy', 'rougeL', 'exact'], '  ')}`)
    .action(run);
}

async function run(modelFolder: string, flags: Flags): Promise<void> {
  const dataset = readDataset(flags.data, flags.columns);
  const { model, tokenizer, backend, name } = await openModel(modelFolder, flags.backend, { threads: flags.threads });
  for (const note of templateNotesInTime(tokenizer)) process.stderr.write(`${note}\n`);
  const maxLength = withinPositions(flags.maxLength, model.config);
  const own = flags.adapter ? await readAdapter(flags.adapter, model) : null;
  const adapter = own && AdapterTensors.fromTheta(own.layout, own.theta);
  const { examples } = dataset;
  const { cut, dropped, ...counted } = await evaluate({ model, tokenizer, adapter }, examples, { maxLength });
  let generated: Generated | null = null;
  if (flags.generate !== undefined) {
    // What the adapter is shown beside.
    const alone = adapter && (await evaluate({ model, tokenizer, adapter: null }, examples, { maxLength }));
    const { perplexity, tokenAccuracy } = alone ?? counted;
    const questions = flags.generate === true ? QUESTIONS : flags.generate;
    const onAnswer = (done: number) => process.stderr.write(`${done} of ${questions} questions answered\n`);
    const answers = await answerQuestions({ model, tokenizer, adapter }, examples, {
      questions,
      maxTokens: flags.maxTokens,
      ...(flags.json ? {} : { onAnswer }),
    });
    generated = { base: { perplexity, tokenAccuracy }, maxTokens: flags.maxTokens, ...withScores(answers) };
  }
  adapter?.dispose();
  model.dispose();
  for (const line of describeProblems({ dataset, cut, dropped })) process.stderr.write(`${line}\n`);

  if (!Number.isFinite(counted.perplexity)) {
    throw new FigureError('The perplexity is no finite number: the model, or its tokenizer, does not fit this text.');
  }

  const figures = { model: name, adapter: flags.adapter ?? null, backend: backend.backend, ...counted };
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ ...figures, ...(generated ? { generated } : {}) })}\n`);
    return;
  }
  const { perplexity, tokenAccuracy, tokens, responseTokens } = figures;
  const what = flags.adapter ? `${name} with ${flags.adapter}` : name;
  process.stdout.write(
    `${what}: perplexity ${perplexity.toFixed(3)}, token accuracy ${percent(tokenAccuracy)} on ${responseTokens} response tokens of ${figures.examples} examples (${tokens} tokens)\n`,
  );
  if (generated) process.stdout.write(described(generated, { perplexity, tokenAccuracy }));
}

interface Figures {
  readonly perplexity: number;
  readonly tokenAccuracy: number;
}

/** What `--json` has of the answers. */
interface Generated {
  /** Without the adapter, on all of the text. */
  readonly base: Figures;
  readonly maxTokens: number;
  readonly scores: { readonly base: AnswerScores | null; readonly adapter: AnswerScores | null };
  readonly answers: readonly AnsweredQuestion[];
}

function withScores(answers: readonly AnsweredQuestion[]): Pick<Generated, 'scores' | 'answers'> {
  const adapted = answers.flatMap(({ adapter }) => (adapter ? [adapter] : []));
  return { scores: { base: scoresOf(answers.map(({ base }) => base)), adapter: scoresOf(adapted) }, answers };
}

/** Question by question, base → adapter, and then every measure with what it says. */
function described({ base, scores, answers }: Generated, adapted: Figures): string {
  if (answers.length === 0 || !scores.base) return '\nThe text has no question that this model can be asked.\n';
  const hasAdapter = scores.adapter !== null;
  const both = (before: string, after: string) => (hasAdapter ? `${before} → ${after}` : before);
  const questions = answers.map(({ prompt, expected, base: first, adapter }, i) =>
    [
      '',
      `Question ${i + 1} of ${answers.length}: ${indented(prompt)}`,
      `  your text: ${indented(expected)}`,
      `  base:      ${indented(first.text)}${first.isCut ? ' …' : ''}`,
      ...(adapter ? [`  adapter:   ${indented(adapter.text)}${adapter.isCut ? ' …' : ''}`] : []),
      `  ROUGE-L ${both(first.rougeL.toFixed(2), adapter?.rougeL.toFixed(2) ?? '')}`,
    ].join('\n'),
  );
  const { base: first, adapter: second } = scores;
  const of = ` of ${answers.length}`;
  const measures = {
    perplexity: both(base.perplexity.toFixed(3), adapted.perplexity.toFixed(3)),
    tokenAccuracy: both(percent(base.tokenAccuracy), percent(adapted.tokenAccuracy)),
    rougeL: both(first.rougeL.toFixed(2), second?.rougeL.toFixed(2) ?? ''),
    exact: both(`${first.exact}${of}`, `${second?.exact}${of}`),
  };
  const keys = Object.keys(measures) as (keyof typeof MEASURES)[];
  const rows = keys.map((key) => `${NAMES[key].padEnd(15)} ${measures[key]}`);
  return `${questions.join('\n')}\n\n${hasAdapter ? 'Base → adapter\n' : ''}${rows.join('\n')}\n\n${explained(keys)}\n`;
}

function explained(keys: readonly (keyof typeof MEASURES)[], indent = ''): string {
  return keys.map((key) => `${indent}${NAMES[key]}: ${MEASURES[key]}.`).join('\n');
}

/** Lines after the first stand under it. */
function indented(text: string): string {
  return text.trim().replaceAll('\n', '\n             ');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
