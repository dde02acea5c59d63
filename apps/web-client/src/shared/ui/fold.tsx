import { Paper, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

interface FoldProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** A card that is one line until somebody opens it; what is in it is made then. */
export function Fold({ title, children }: FoldProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Paper withBorder radius="lg" px={{ base: 'sm', sm: 'xl' }} py="sm">
      <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>
          <Text span fw={600}>
            {title}
          </Text>
        </summary>
        {isOpen ? (
          <Stack gap="xl" py="md">
            {children}
          </Stack>
        ) : null}
      </details>
    </Paper>
  );
}
