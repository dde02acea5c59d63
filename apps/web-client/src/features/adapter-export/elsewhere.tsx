import { Button, Code, CopyButton, Group, Stack, Text, Title } from '@mantine/core';
import { commandStrings, commandWords, copyOf, strings } from '#strings/adapter-export.ts';
import type { ExportChoice, ExportChoices } from '../../contract/exports-api.ts';
import { commandsFor } from './commands.ts';

interface ElsewhereProps {
  readonly choice: ExportChoice;
  readonly choices: ExportChoices;
}

/** What to type where the files are. */
export function Elsewhere({ choice, choices }: ElsewhereProps) {
  return (
    <Stack gap="sm">
      <Stack gap={2}>
        <Title order={3} size="h5">
          {strings.elsewhere}
        </Title>
        <Text size="sm" c="dimmed">
          {choice.format === 'adapter' || choice.format === 'merged' ? commandWords.shell : commandWords.sameFolder}
        </Text>
      </Stack>
      {commandsFor(choice, choices).map(({ kind, text }) => (
        <Stack key={kind} gap={4} data-testid={`command-${kind}`}>
          <Group justify="space-between" wrap="nowrap" gap="xs" align="flex-end">
            <Text size="sm" fw={500}>
              {commandStrings[kind]}
            </Text>
            <CopyButton value={text}>
              {({ copied, copy }) => (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  flex="none"
                  onClick={copy}
                  aria-label={copyOf(commandStrings[kind])}
                >
                  {copied ? strings.copied : strings.copy}
                </Button>
              )}
            </CopyButton>
          </Group>
          <Code block tabIndex={0}>
            {text}
          </Code>
        </Stack>
      ))}
    </Stack>
  );
}
