import { Button, Group, SimpleGrid, Text } from '@mantine/core';
import { joiningWords, keptWords, strings } from '#strings/conclusion.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { formatPerplexity } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { Section } from '../../shared/ui/section.tsx';

interface JoiningAnswerProps {
  readonly session: SessionState;
  /** Whether the client is at work. */
  readonly isRunning: boolean;
  /** For who did not want to know before. */
  readonly onCompare: () => void;
}

/** Smaller where there is little room. */
const fine = { base: 'sm', sm: 'md' } as const;

/** [PF9] What a person asks at the end: what they keep, and whether joining was worth it. Nothing before. */
export function JoiningAnswer({ session, isRunning, onCompare }: JoiningAnswerProps) {
  const { conclusion, basePerplexity, rounds, federation } = session;
  const isOver = session.activity.kind === 'finished' || conclusion !== null;
  if (!isOver || !federation || !rounds.some(({ tuned }) => tuned !== null)) return null;
  if (!conclusion?.joining) {
    return (
      <Section title={strings.notCompared} lead={strings.notComparedLead}>
        {conclusion ? (
          <Text fz={fine} data-testid="kept">
            {keptWords(conclusion)}
          </Text>
        ) : null}
        <Group>
          <Button variant="default" loading={isRunning} onClick={onCompare}>
            {strings.compare}
          </Button>
        </Group>
      </Section>
    );
  }
  const { perplexity, joining } = conclusion;
  return (
    <Section title={strings.title} lead={strings.lead}>
      <Text fw={600} size="lg" data-testid="verdict" data-verdict={joining.verdict}>
        {strings.verdicts[joining.verdict]}
      </Text>
      <SimpleGrid cols={{ base: 3 }} spacing="md" maw={480}>
        <Fact label={strings.together} value={formatPerplexity(perplexity.together)} />
        <Fact label={strings.alone} value={formatPerplexity(perplexity.alone)} />
        <Fact label={strings.base} value={formatPerplexity(basePerplexity)} />
      </SimpleGrid>
      <Text fz={fine}>
        {joiningWords(joining)} {strings.advice[joining.verdict]}
      </Text>
      <Text fz={fine} data-testid="kept">
        {keptWords(conclusion)}
      </Text>
    </Section>
  );
}
