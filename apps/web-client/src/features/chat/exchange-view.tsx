import { Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { type ChatWords, strings } from '#strings/chat.ts';
import type { ChatWhich } from '../../contract/chat-api.ts';
import { AnswerBox } from './answer.tsx';
import classes from './chat.module.css';
import type { Exchange } from './conversation.ts';

interface ExchangeViewProps {
  readonly exchange: Exchange;
  readonly words: ChatWords;
  /** It is being answered. */
  readonly busy: boolean;
  /** Both models are spoken of, whoever was asked. */
  readonly sideBySide: boolean;
}

/** A message, the answers beside each other, and what was expected. */
export function ExchangeView({ exchange, words, busy, sideBySide }: ExchangeViewProps) {
  const { question, expected, asked, answers } = exchange;
  const columns: readonly ChatWhich[] = sideBySide ? ['base', 'personal'] : asked;
  const count = columns.length + (expected === null ? 0 : 1);
  return (
    <Stack gap="xs">
      <Text fw={600} className={classes.text}>
        {question}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: Math.min(2, count), md: count }} spacing="sm">
        {columns.map((which) => (
          <AnswerBox
            key={which}
            which={which}
            title={words[which]}
            answer={answers[which]}
            absent={asked.includes(which) ? null : whyAbsent(exchange, which, words)}
            busy={busy && asked.includes(which) && !answers[which]?.reply}
          />
        ))}
        {expected === null ? null : (
          <Paper withBorder radius="md" p="sm" className={classes.answer} data-which="expected">
            <Text size="xs" fw={600} mih={22} className={classes.who}>
              {strings.expected}
            </Text>
            <Text size="sm" className={classes.text} data-testid="answer-expected">
              {expected}
            </Text>
            <Text size="xs" c="dimmed" className={classes.foot}>
              {strings.heldOut}
            </Text>
          </Paper>
        )}
      </SimpleGrid>
    </Stack>
  );
}

function whyAbsent({ hadPersonal }: Exchange, which: ChatWhich, { noPersonal }: ChatWords): string {
  return which === 'personal' && !hadPersonal && noPersonal !== null ? noPersonal : strings.notAsked;
}
