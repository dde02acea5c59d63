import { Group, Radio, SimpleGrid, Stack, Text } from '@mantine/core';
import { formatStrings, strings } from '#strings/adapter-export.ts';
import type { ExportChoice, ExportFormat } from '../../contract/exports-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';

interface FormatChoiceProps {
  readonly choices: readonly ExportChoice[];
  readonly value: ExportFormat;
  readonly disabled: boolean;
  readonly onChange: (format: ExportFormat) => void;
}

/** One card a form, with its size, or why it is none for this model. */
export function FormatChoice({ choices, value, disabled, onChange }: FormatChoiceProps) {
  return (
    <Radio.Group value={value} onChange={(format) => onChange(format as ExportFormat)} aria-label={strings.form}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        {choices.map(({ format, files, failure, notice }) => {
          const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
          const { title, text } = formatStrings[format];
          return (
            <Radio.Card
              key={format}
              value={format}
              disabled={disabled || failure !== null}
              radius="md"
              p="sm"
              data-testid={`export-${format}`}
              data-bytes={failure ? undefined : bytes}
              style={{ display: 'flex', alignItems: 'flex-start', opacity: failure ? 0.6 : 1 }}
            >
              <Group wrap="nowrap" align="flex-start" gap="sm" flex={1}>
                <Radio.Indicator mt={2} disabled={failure !== null} />
                <Stack gap={2} flex={1}>
                  <Group justify="space-between" align="flex-start" wrap="nowrap" gap="xs">
                    <Text size="sm" fw={500}>
                      {title}
                    </Text>
                    {failure ? null : (
                      <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                        {formatBytes(bytes)}
                      </Text>
                    )}
                  </Group>
                  <Text size="sm" c="dimmed">
                    {failure ? failure.message : text}
                  </Text>
                  {notice ? <Text size="sm">{notice}</Text> : null}
                </Stack>
              </Group>
            </Radio.Card>
          );
        })}
      </SimpleGrid>
    </Radio.Group>
  );
}
