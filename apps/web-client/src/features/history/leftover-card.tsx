import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { deleteLabel, strings } from '#strings/history.ts';
import type { HistoryEntry } from '../../contract/history-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { nameOf } from './name-of.ts';

type Leftover = Exclude<HistoryEntry, { kind: 'session' }>;

interface LeftoverCardProps {
  readonly entry: Leftover;
  readonly onDelete: () => void;
}

/** What is kept of a seat that nobody sat in, or that cannot be read. */
export function LeftoverCard({ entry, onDelete }: LeftoverCardProps) {
  const isBegun = entry.kind === 'begun';
  return (
    <Paper component="article" withBorder radius="lg" p={{ base: 'md', sm: 'lg' }} data-testid="history-entry">
      <Group justify="space-between" gap="sm">
        <Stack gap={4} flex={1} miw={220}>
          <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {nameOf(entry)}
          </Title>
          <Text size="sm" fw={500}>
            {isBegun ? strings.begunTitle : strings.unreadableTitle}
          </Text>
          <Text size="sm" c="dimmed">
            {isBegun ? strings.begun : strings.unreadable}
          </Text>
          {entry.keptBytes > 0 ? (
            <Text size="sm" c="dimmed">
              {`${strings.facts.kept}: ${formatBytes(entry.keptBytes)}`}
            </Text>
          ) : null}
          {entry.isInUse ? <Text size="sm">{strings.inUse}</Text> : null}
        </Stack>
        <Button
          size="xs"
          variant="subtle"
          color="red"
          disabled={entry.isInUse}
          aria-label={deleteLabel(nameOf(entry))}
          onClick={onDelete}
        >
          {strings.delete}
        </Button>
      </Group>
    </Paper>
  );
}
