import { Badge, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useId } from 'react';

interface SectionProps {
  readonly title: string;
  /** Its place in a sequence. */
  readonly step?: number;
  readonly lead?: ReactNode;
  /** At the right of the title. */
  readonly aside?: ReactNode;
  readonly children?: ReactNode;
}

/** One titled card of a page. */
export function Section({ title, step, lead, aside, children }: SectionProps) {
  const id = useId();
  return (
    <Paper component="section" aria-labelledby={id} withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
      <Stack gap="md">
        <Group justify="space-between" align="flex-start" gap="sm">
          <Group gap="sm" wrap="nowrap">
            {step === undefined ? null : (
              <Badge circle size="lg" variant="light" aria-hidden>
                {step}
              </Badge>
            )}
            <Title order={2} size="h3" id={id}>
              {title}
            </Title>
          </Group>
          {aside}
        </Group>
        {lead === undefined ? null : (
          <Text c="dimmed" maw={720}>
            {lead}
          </Text>
        )}
        {children}
      </Stack>
    </Paper>
  );
}
