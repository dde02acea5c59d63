import { createInterface, type Interface } from 'node:readline/promises';
import { explain } from '../explain.ts';
import type { Reply, Talk, Voice } from './talk.ts';

const HELP = [
  '/again   the last question once more',
  '/clear   begin anew',
  '/exit    end (or Ctrl+D); Ctrl+C stops an answer',
  'A line that ends with a backslash goes on in the next.',
].join('\n');

/** Questions from a person, answers as they grow. What is no answer goes to standard error. */
export async function talkInTerminal(talk: Talk, name: string): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true, historySize: 200 });
  let answering: AbortController | null = null;
  lines.on('SIGINT', () => {
    if (answering) answering.abort();
    else lines.close();
  });
  say(`You talk with ${name}. /help tells what else there is.`);
  try {
    for await (const asked of questions(lines)) {
      const command = asked.trim().toLowerCase();
      if (command === '/exit' || command === '/quit') return;
      if (command === '/help' || command === '/?') say(HELP);
      else if (command === '/clear') {
        talk.clear();
        say('Nothing was said yet.');
      } else if (command === '/again' && !talk.askAgain()) say('There is no question yet.');
      else if (command.startsWith('/') && command !== '/again' && !command.includes(' ')) {
        say(`There is no ${command}.\n${HELP}`);
      } else {
        if (command !== '/again') talk.ask(asked);
        answering = new AbortController();
        await answer(talk, answering.signal);
        answering = null;
      }
    }
  } finally {
    lines.close();
  }
}

/** Each line of a text that is no terminal's is a question. @param asJson one object a question */
export async function talkByLines(
  talk: Talk,
  lines: AsyncIterable<string> | Iterable<string>,
  asJson: boolean,
): Promise<void> {
  for await (const question of lines) {
    if (question.trim() === '') continue;
    talk.ask(question);
    const replies: Record<string, unknown> = {};
    for (const voice of talk.voices) {
      const reply = await talk.reply(voice, { onText: () => {}, signal: new AbortController().signal });
      replies[voice.name] = figuresOf(reply);
      if (!asJson) process.stdout.write(`${labelOf(talk, voice)}${reply.text}\n`);
    }
    if (asJson) process.stdout.write(`${JSON.stringify({ question, ...replies })}\n`);
  }
}

function figuresOf({ text, tokens, seconds, end }: Reply) {
  return { text, tokens, seconds, reason: end?.reason, promptTokens: end?.promptTokens, readTokens: end?.readTokens };
}

/** A question is refused where it is too long for the model; the conversation goes on without it. */
async function answer(talk: Talk, signal: AbortSignal): Promise<void> {
  for (const voice of talk.voices) {
    if (signal.aborted) return;
    process.stdout.write(labelOf(talk, voice));
    try {
      const reply = await talk.reply(voice, { signal, onText: (text) => process.stdout.write(text) });
      process.stdout.write('\n');
      say(noteOn(reply));
    } catch (error) {
      process.stdout.write('\n');
      say(explain(error));
      talk.takeBack();
      return;
    }
  }
}

/** In a terminal a line that ends with a backslash goes on. */
async function* questions(lines: Interface): AsyncGenerator<string> {
  let begun = '';
  lines.setPrompt('> ');
  lines.prompt();
  for await (const line of lines) {
    if (line.endsWith('\\')) begun += `${line.slice(0, -1)}\n`;
    else {
      const question = begun + line;
      begun = '';
      if (question.trim() !== '') yield question;
    }
    lines.prompt();
  }
}

function labelOf(talk: Talk, { name }: Voice): string {
  return talk.voices.length > 1 ? `${name}: ` : '';
}

function noteOn({ tokens, seconds, end }: Reply): string {
  const speed = `${tokens} tokens, ${(tokens / seconds).toFixed(1)} a second`;
  if (!end) return `(stopped after ${speed})`;
  const read = `${end.readTokens} of ${end.promptTokens} read`;
  const forgotten = end.forgotten > 0 ? `; the ${end.forgotten} oldest messages no longer fit` : '';
  const cut = {
    ended: '',
    length: '; cut at --max-tokens',
    context: '; the model can hold no more',
  }[end.reason];
  return `(${speed}; ${read}${forgotten}${cut})`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
