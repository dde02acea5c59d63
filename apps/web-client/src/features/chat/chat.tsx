import { Button, Group, Paper, SimpleGrid, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, useRef, useState } from 'react';
import { type ChatWords, strings } from '#strings/chat.ts';
import type { ChatMessage } from '../../engine/engine-api.ts';
import { asListener, engine, unwrap } from '../../shared/engine-client/engine-client.ts';
import { type Failure, failureOf } from '../../shared/failure/failure.ts';
import { FailureAlert } from '../../shared/notices/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import classes from './chat.module.css';

type Which = 'base' | 'personal';

/** Both models answer under the same conditions: the likeliest words, and not the same ones again and again. */
const replyOptions = { temperature: 0, seed: 1 } as const;

interface Exchange {
  readonly question: string;
  readonly base: string | null;
  readonly personal: string | null;
  /** Asked before there was a personal model. */
  readonly baseOnly: boolean;
}

interface ChatProps {
  /** Which models are there to talk to. */
  readonly ready: { readonly base: boolean; readonly personal: boolean };
  /** The device is searching or tuning at the same time. */
  readonly working: boolean;
  /** For example the first question of the person's held-out rows. */
  readonly suggestion?: string | undefined;
  /** What the two are called here; those of a federation where absent. */
  readonly words?: ChatWords;
  /** A reply ends after so many tokens. */
  readonly maxTokens?: number;
}

/** The same question to the base model and to the personal one, answers side by side. */
export function Chat({ ready, working, suggestion, words = strings, maxTokens = 80 }: ChatProps) {
  const [question, setQuestion] = useState('');
  const [exchanges, setExchanges] = useState<readonly Exchange[]>([]);
  const [busy, setBusy] = useState<Which | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const stopped = useRef(false);

  const ask = async (text: string) => {
    setFailure(null);
    setQuestion('');
    stopped.current = false;
    const earlier = exchanges;
    setExchanges([...earlier, { question: text, base: null, personal: null, baseOnly: !ready.personal }]);
    const write = (which: Which, piece: (before: string) => string) =>
      setExchanges((all) =>
        all.map((one, i) => (i === all.length - 1 ? { ...one, [which]: piece(one[which] ?? '') } : one)),
      );
    try {
      // One after the other: both models share one device.
      for (const which of ['base', 'personal'] as const) {
        if (!ready[which] || stopped.current) continue;
        setBusy(which);
        const reply = unwrap(
          await engine().chat(
            conversation(earlier, which, text),
            which,
            { ...replyOptions, maxTokens },
            asListener((piece) => write(which, (before) => before + piece)),
          ),
        );
        write(which, () => reply.text);
      }
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(null);
    }
  };
  const stop = async () => {
    stopped.current = true;
    await engine().stopChat();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (question.trim() && busy === null) void ask(question.trim());
  };

  return (
    <Section title={words.title} lead={words.lead}>
      <Stack gap="md">
        <div className={classes.log} role="log" aria-live="polite" aria-busy={busy !== null}>
          {exchanges.map((exchange, i) => (
            <Stack key={i} gap="xs">
              <Text fw={600} className={classes.text}>
                {exchange.question}
              </Text>
              <SimpleGrid cols={{ base: 1, sm: exchange.baseOnly && words.noPersonal === null ? 1 : 2 }} spacing="sm">
                <Answer
                  which="base"
                  title={words.base}
                  text={exchange.base}
                  busy={busy === 'base' && i === exchanges.length - 1}
                />
                {exchange.baseOnly && words.noPersonal === null ? null : (
                  <Answer
                    which="personal"
                    title={words.personal}
                    text={exchange.personal}
                    absent={exchange.baseOnly ? words.noPersonal : null}
                    busy={busy === 'personal' && i === exchanges.length - 1}
                  />
                )}
              </SimpleGrid>
            </Stack>
          ))}
        </div>
        {failure ? <FailureAlert failure={failure} title={strings.failed} /> : null}
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Textarea
              label={strings.question}
              placeholder={suggestion ?? words.placeholder}
              autosize
              minRows={2}
              maxRows={8}
              value={question}
              onChange={(event) => setQuestion(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
              }}
            />
            <Group gap="sm">
              <Button type="submit" disabled={!question.trim() || !ready.base} loading={busy !== null}>
                Send
              </Button>
              {busy === null ? null : (
                <Button variant="default" onClick={() => void stop()}>
                  Stop
                </Button>
              )}
              {suggestion && busy === null && !question ? (
                <Button variant="subtle" onClick={() => setQuestion(suggestion)}>
                  {strings.suggest}
                </Button>
              ) : null}
              {ready.base && !working ? null : (
                <Text size="sm" c="dimmed">
                  {ready.base ? strings.duringWork : strings.notYet}
                </Text>
              )}
            </Group>
          </Stack>
        </form>
      </Stack>
    </Section>
  );
}

interface AnswerProps {
  readonly which: Which;
  readonly title: string;
  readonly text: string | null;
  /** Why there is no answer. */
  readonly absent?: string | null;
  readonly busy: boolean;
}

function Answer({ which, title, text, absent = null, busy }: AnswerProps) {
  return (
    <Paper withBorder radius="md" p="sm" className={which === 'personal' ? classes.accent : undefined}>
      <Text size="xs" c="dimmed" fw={500}>
        {title}
      </Text>
      {absent === null ? (
        <Text size="sm" className={classes.text} mih="1.5em" data-testid={`answer-${which}`}>
          {text ?? (busy ? '' : '–')}
          {busy ? <span className={classes.caret} aria-hidden /> : null}
        </Text>
      ) : (
        <Text size="sm" c="dimmed" mih="1.5em">
          {absent}
        </Text>
      )}
    </Paper>
  );
}

/** Each model hears its own earlier answers. */
function conversation(earlier: readonly Exchange[], which: Which, question: string): ChatMessage[] {
  const turns = earlier.flatMap((exchange): ChatMessage[] => {
    const answer = exchange[which];
    if (!answer) return [];
    return [
      { role: 'user', content: exchange.question },
      { role: 'assistant', content: answer },
    ];
  });
  return [...turns, { role: 'user', content: question }];
}
