import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './fact.module.css';

interface FactProps {
  readonly label: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
}

/** One figure and what it is. */
export function Fact({ label, value, note }: FactProps) {
  return (
    <Stack gap={2} miw={0}>
      <Text size="xs" c="dimmed" fw={500}>
        {label}
      </Text>
      <span className={classes.value}>{value}</span>
      {note === undefined ? null : (
        // A paragraph may not hold the blocks that some notes are.
        <Text component="div" size="xs" c="dimmed">
          {note}
        </Text>
      )}
    </Stack>
  );
}
