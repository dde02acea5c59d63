import { createInterface } from 'node:readline';
import { AdapterTensors, type ChatOptions, defaultChatOptions as usual } from '@perfit/core';
import { bestBackend, templateNotesInTime } from '@perfit/core/node';
import { Command } from 'commander';
import { readAdapter } from '../adapter-folder.ts';
import { bestBackendOption, threadsOption } from '../backend-option.ts';
import { Talk, type Voice } from '../chat/talk.ts';
import { talkByLines, talkInTerminal } from '../chat/terminal.ts';
import { UsageError } from '../explain.ts';
import { type BackendChoice, openModel } from '../local-model.ts';
import { between, wholeNumber } from '../numbers.ts';

interface Flags extends Required<ChatOptions> {
  readonly adapter?: string;
  readonly compare: boolean;
  readonly ask?: readonly string[];
  readonly system?: string;
  readonly backend: BackendChoice | 'auto';
  readonly threads: number;
  readonly json: boolean;
}

const collect = (value: string, earlier: readonly string[] = []) => [...earlier, value];

export function chatCommand(): Command {
  return new Command('chat')
    .description('talks with a model, with or without an adapter; lines on standard input are questions')
    .argument('<model>', 'a Hugging Face folder or a GGUF file')
    .option('--adapter <dir>', 'a PEFT adapter')
    .option('--compare', 'answers without the adapter as well, from the same weights', false)
    .option('--ask <text>', 'a question, and no more than that; several are asked one after another', collect)
    .option('--system <text>', 'said to the model before the conversation')
    .option('--max-tokens <n>', 'an answer ends there', wholeNumber(1, 32768), usual.maxTokens)
    .option('--temperature <x>', '0 takes the likeliest token each time', between(0, 100), usual.temperature)
    .option('--top-p <x>', 'of the likeliest tokens that make up this share', between(0.01, 1), usual.topP)
    .option('--top-k <n>', 'of so many likeliest tokens; 0 is all', wholeNumber(0), usual.topK)
    .option('--min-p <x>', 'none less likely than this part of the likeliest', between(0, 1), usual.minP)
    .option('--repetition-penalty <x>', 'of what was said before; 1 is none', between(1, 10), usual.repetitionPenalty)
    .option('--stop <text>', 'an answer ends before it; may be given several times', collect, usual.stop)
    .option('--seed <n>', 'of the dice', wholeNumber(0, 0xffffffff), usual.seed)
    .addOption(bestBackendOption())
    .addOption(threadsOption())
    .option('--json', 'one JSON object a question', false)
    .action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  const { adapter: folder, compare, ask, system, backend: wished, json, ...options } = flags;
  if (compare && folder === undefined) throw new UsageError('--compare needs an --adapter to compare the model with.');
  if (ask?.some((question) => question.trim() === '')) throw new UsageError('--ask needs a question.');
  const backend = wished === 'auto' ? await bestBackend() : wished;
  const { model, tokenizer, name } = await openModel(path, backend, { threads: flags.threads });
  for (const note of templateNotesInTime(tokenizer)) process.stderr.write(`${note}\n`);
  const own = folder === undefined ? null : await readAdapter(folder, model);
  const adapter = own && AdapterTensors.fromTheta(own.layout, own.theta);
  const voices: Voice[] = [];
  if (!adapter || compare) voices.push({ name: 'base', adapter: null });
  if (adapter) voices.push({ name: 'tuned', adapter });
  const talk = new Talk({ model, tokenizer, voices, system: system ?? null, options });
  try {
    if (ask) await talkByLines(talk, ask, json);
    else if (process.stdin.isTTY && !json) {
      await talkInTerminal(talk, folder === undefined ? name : `${name} with ${folder}`);
    } else await talkByLines(talk, createInterface({ input: process.stdin }), json);
  } finally {
    talk.dispose();
    adapter?.dispose();
    model.dispose();
  }
}
