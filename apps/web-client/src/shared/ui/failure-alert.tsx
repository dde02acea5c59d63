import { Alert, Code, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { strings } from '#strings/shell.ts';
import type { Failure } from '../../contract/failure.ts';

interface FailureAlertProps {
  readonly failure: Failure;
  readonly title?: string;
  /** What the person can do: buttons or a sentence. */
  readonly children?: ReactNode;
}

/** An error as a sentence, with its code for whoever helps. */
export function FailureAlert({ failure, title = strings.failed, children }: FailureAlertProps) {
  return (
    <Alert color="red" variant="light" title={title} role="alert" data-code={failure.code}>
      <Text size="sm">{failure.message}</Text>
      <Group mt="xs" gap="sm" justify="space-between">
        <Group gap="sm">{children}</Group>
        <Code>{failure.code}</Code>
      </Group>
    </Alert>
  );
}
