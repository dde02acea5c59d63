import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { strings } from '#strings/history.ts';
import type { HistoryEntry } from '../../contract/history-api.ts';
import { nameOf } from './name-of.ts';

const words = strings.really;

interface ConfirmDeleteProps {
  /** Null is closed. */
  readonly entry: HistoryEntry | null;
  readonly onKeep: () => void;
  readonly onDelete: (entry: HistoryEntry) => void;
}

export function ConfirmDelete({ entry, onKeep, onDelete }: ConfirmDeleteProps) {
  return (
    <Modal opened={entry !== null} onClose={onKeep} title={words.title} centered>
      {entry ? (
        <Stack gap="md">
          <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
            {nameOf(entry)}
          </Text>
          <Text size="sm">{words.text}</Text>
          <Group gap="sm" justify="flex-end">
            <Button variant="default" data-autofocus onClick={onKeep}>
              {words.keep}
            </Button>
            <Button color="red" onClick={() => onDelete(entry)}>
              {words.confirm}
            </Button>
          </Group>
        </Stack>
      ) : null}
    </Modal>
  );
}
