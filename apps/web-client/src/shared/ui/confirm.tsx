import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { strings as words } from '#strings/confirm.ts';
import { failureOf } from '../../contract/failure.ts';
import { FailureAlert } from './failure-alert.tsx';
import type { Question } from './question.ts';

/** What may be done in place of what is asked. */
export interface Instead {
  readonly label: string;
  readonly onClick: () => void;
}

interface ConfirmProps {
  /** Null is closed. */
  readonly question: Question | null;
  readonly instead?: Instead | null;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly onCancel: () => void;
  readonly onConfirm: () => void;
}

/** Stays open with the coordinator's sentence where it refuses. */
export function Confirm({ question, instead = null, isPending, error, onCancel, onConfirm }: ConfirmProps) {
  return (
    <Modal opened={question !== null} onClose={onCancel} title={question?.title} centered>
      {question ? (
        <Stack gap="md">
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {question.text}
          </Text>
          {error ? <FailureAlert failure={failureOf(error)} /> : null}
          <Group gap="sm" justify="flex-end">
            <Button variant="default" data-autofocus onClick={onCancel}>
              {words.cancel}
            </Button>
            {instead ? (
              <Button variant="default" onClick={instead.onClick}>
                {instead.label}
              </Button>
            ) : null}
            <Button color="red" loading={isPending} onClick={onConfirm}>
              {question.confirm}
            </Button>
          </Group>
        </Stack>
      ) : null}
    </Modal>
  );
}
