import { Group, Stack, Text } from '@mantine/core';
import { strings } from '#strings/models.ts';
import type { PrecisionNeeds } from '../../contract/catalogue-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { VerdictBadge } from './verdict-badge.tsx';

/** What a model takes of the device for each use, whether that fits, and on demand why. */
export function NeedsLines({ needs }: { readonly needs: PrecisionNeeds }) {
  const uses = [
    { label: strings.catalogue.tuning, use: needs.tuning },
    { label: strings.catalogue.chat, use: needs.chat },
  ];
  const sentences = [...new Set(uses.map(({ use }) => use.fit.sentence))];
  return (
    <Stack gap={6}>
      {uses.map(({ label, use }) => (
        <Group key={label} gap="xs" justify="space-between" wrap="nowrap">
          <Text size="sm">
            {label}{' '}
            <Text span size="sm" fw={600} style={{ whiteSpace: 'nowrap' }}>
              {formatBytes(use.bytes)}
            </Text>
          </Text>
          <VerdictBadge verdict={use.fit.verdict} />
        </Group>
      ))}
      <details>
        <summary>
          <Text span size="sm">
            {strings.catalogue.why}
          </Text>
        </summary>
        {sentences.map((sentence) => (
          <Text key={sentence} size="sm" c="dimmed" mt={4}>
            {sentence}
          </Text>
        ))}
      </details>
    </Stack>
  );
}
