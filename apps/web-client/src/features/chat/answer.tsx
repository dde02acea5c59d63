import { Button, CopyButton, Group, Paper, Text } from '@mantine/core';
import { copyAnswer, forgot, roundOf, strings, tokensAndSpeed } from '#strings/chat.ts';
import type { ChatReply, ChatWhich } from '../../contract/chat-api.ts';
import classes from './chat.module.css';
import type { Answer } from './conversation.ts';

interface AnswerBoxProps {
  readonly which: ChatWhich;
  readonly title: string;
  readonly answer: Answer | undefined;
  /** Why there is none. */
  readonly absent: string | null;
  /** It still grows. */
  readonly busy: boolean;
}

/** One model's answer, and what it took. */
export function AnswerBox({ which, title, answer, absent, busy }: AnswerBoxProps) {
  const text = answer?.text ?? '';
  return (
    <Paper withBorder radius="md" p="sm" className={classes.answer} data-which={which}>
      <Group justify="space-between" gap="xs" wrap="nowrap" mih={22}>
        <Text size="xs" fw={600} className={classes.who}>
          {title}
        </Text>
        {text && !busy ? (
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button size="compact-xs" variant="subtle" flex="none" onClick={copy} aria-label={copyAnswer(title)}>
                {copied ? strings.copied : strings.copy}
              </Button>
            )}
          </CopyButton>
        ) : null}
      </Group>
      {absent === null ? (
        <Text size="sm" className={classes.text} data-testid={`answer-${which}`}>
          {text || (busy ? '' : '–')}
          {busy ? <span className={classes.caret} aria-hidden /> : null}
        </Text>
      ) : (
        <Text size="sm" c="dimmed" className={classes.text}>
          {absent}
        </Text>
      )}
      <Text size="xs" c="dimmed" className={classes.foot}>
        {footOf(answer, busy)}
      </Text>
    </Paper>
  );
}

function footOf(answer: Answer | undefined, busy: boolean): string {
  if (!answer) return busy ? strings.reading : '';
  const { tokens, seconds, reply } = answer;
  return [tokensAndSpeed(tokens, seconds), ...(reply ? endOf(reply) : [])].join(' · ');
}

function endOf({ module, reason, forgotten }: ChatReply): string[] {
  const why = strings.reasons[reason];
  return [
    // An adapter from elsewhere has no round.
    ...(module && module.round > 0 ? [roundOf(module.round)] : []),
    ...(module?.of && module.of !== 'tuned' ? [strings.origins[module.of]] : []),
    ...(why ? [why] : []),
    ...(forgotten > 0 ? [forgot(forgotten)] : []),
  ];
}
