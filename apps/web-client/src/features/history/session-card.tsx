import { Badge, Button, Group, List, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { agreedAt, byline, day, deleteLabel, exchanged, roundsOf, strings } from '#strings/history.ts';
import type { HistoryEntry } from '../../contract/history-api.ts';
import type { RecordedConsent } from '../../contract/run-api.ts';
import { formatBytes, formatPerplexity } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { PageLinkButton } from '../../shared/ui/links.tsx';

type Session = Extract<HistoryEntry, { kind: 'session' }>;

const colors = { running: 'cyan', interrupted: 'yellow', finished: 'teal', left: 'gray' } as const;

interface SessionCardProps {
  readonly entry: Session;
  readonly onDelete: () => void;
}

/** One federation that a person took part in. */
export function SessionCard({ entry, onDelete }: SessionCardProps) {
  const { seat, name, federation, host, startedAt, rounds, base, tuned, consent, isInUse } = entry;
  const standing = entry.standing === 'running' && !isInUse ? 'interrupted' : entry.standing;
  const { facts } = strings;
  return (
    <Paper component="article" withBorder radius="lg" p={{ base: 'md', sm: 'lg' }} data-testid="history-entry">
      <Stack gap="md">
        <div>
          <Group gap="sm">
            <Title order={2} size="h4">
              {federation}
            </Title>
            <Badge variant="light" color={colors[standing]}>
              {strings.standings[standing]}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {byline(name, host, location.host)}
          </Text>
        </div>
        <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="md">
          <Fact label={facts.when} value={startedAt === null ? facts.unknown : day(startedAt)} />
          <Fact label={facts.rounds} value={roundsOf(rounds, entry.roundsOf)} />
          <Fact
            label={facts.perplexity}
            value={base === null ? facts.unknown : `${formatPerplexity(base)} → ${formatPerplexity(tuned)}`}
          />
          <Fact label={facts.exchanged} value={exchanged(entry.bytesUp, entry.bytesDown)} />
          <Fact label={facts.kept} value={formatBytes(entry.keptBytes)} />
        </SimpleGrid>
        {consent ? <ConsentGiven consent={consent} /> : null}
        <Group gap="sm">
          <PageLinkButton
            size="xs"
            to="/join/$federation"
            params={{ federation: seat.federation }}
            search={seat.as ? { as: seat.as } : {}}
          >
            {openWord(entry)}
          </PageLinkButton>
          <PageLinkButton
            size="xs"
            variant="default"
            to="/history/$federation"
            params={{ federation: seat.federation }}
            search={seat.as ? { as: seat.as } : {}}
          >
            {strings.ledger}
          </PageLinkButton>
          <Button
            size="xs"
            variant="subtle"
            color="red"
            disabled={isInUse}
            aria-label={deleteLabel(federation)}
            onClick={onDelete}
          >
            {strings.delete}
          </Button>
          {isInUse ? (
            <Text size="sm" c="dimmed">
              {strings.inUse}
            </Text>
          ) : null}
        </Group>
      </Stack>
    </Paper>
  );
}

function openWord({ standing, isInUse, hasModel }: Session): string {
  if (standing === 'finished') return hasModel ? strings.model : strings.open;
  return isInUse ? strings.open : strings.goOn;
}

/** In the words that were shown then. */
function ConsentGiven({ consent: { at, sentences, shareEvaluation } }: { readonly consent: RecordedConsent }) {
  return (
    <details>
      <summary>{strings.consent}</summary>
      <Stack gap="xs" mt="sm">
        <Text size="sm">{agreedAt(at)}</Text>
        <List size="sm" spacing={4}>
          {sentences.map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
        <Text size="sm">{shareEvaluation ? strings.shared : strings.notShared}</Text>
      </Stack>
    </details>
  );
}
