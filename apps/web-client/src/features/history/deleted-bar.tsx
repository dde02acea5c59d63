import { Alert, Button, Group, Text } from '@mantine/core';
import { deletedLine, strings } from '#strings/history.ts';
import type { HistoryEntry } from '../../contract/history-api.ts';
import { nameOf } from './name-of.ts';

export interface DeletedEntry {
  readonly entry: HistoryEntry;
  readonly canUndo: boolean;
}

interface DeletedBarProps {
  readonly deleted: DeletedEntry;
  readonly onUndo: () => void;
}

/** What was deleted just now, and the way back: for as long as this page is shown, however long somebody takes to read it. */
export function DeletedBar({ deleted: { entry, canUndo }, onUndo }: DeletedBarProps) {
  return (
    <Alert color="teal" role="status">
      <Group justify="space-between" gap="sm">
        <Text size="sm" style={{ overflowWrap: 'anywhere' }} flex={1} miw={200}>
          {deletedLine(nameOf(entry), canUndo)}
        </Text>
        {canUndo ? (
          <Button size="xs" variant="default" onClick={onUndo}>
            {strings.undo}
          </Button>
        ) : null}
      </Group>
    </Alert>
  );
}
