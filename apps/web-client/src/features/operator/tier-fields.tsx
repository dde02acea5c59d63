import { Button, CloseButton, Group, NumberInput, Stack, Text } from '@mantine/core';
import { fieldHints, tierStrings as words } from '#strings/operator.ts';
import type { DraftForm } from './draft-fields.tsx';
import type { Tier } from './federation-draft.ts';

const FIELD = 'search.slowDevices';

/** [PF2] Limits of speed, each with the share that devices below it keep. */
export function TierFields({ form }: { readonly form: DraftForm }) {
  const tiers = form.draft[FIELD];
  const change = (next: readonly Tier[]) => form.change({ [FIELD]: next });
  const numberOf = (index: number, part: keyof Tier, step: number) => ({
    label: words[part],
    value: (tiers[index] as Tier)[part],
    error: form.issues.get(`${FIELD}.${index}.${part}`),
    min: 0,
    step,
    onChange: (value: number | string) => change(tiers.with(index, { ...(tiers[index] as Tier), [part]: value })),
  });
  return (
    <Stack gap="xs" role="group" aria-label={fieldHints[FIELD].label} style={{ gridColumn: '1 / -1' }}>
      {tiers.map((_, index) => (
        <Group key={index} align="flex-start" gap="xs" wrap="nowrap">
          <NumberInput {...numberOf(index, 'below', 10)} flex={1} />
          <NumberInput {...numberOf(index, 'density', 0.05)} flex={1} />
          <CloseButton
            size="lg"
            mt={25}
            aria-label={words.remove(index + 1)}
            onClick={() => change(tiers.toSpliced(index, 1))}
          />
        </Group>
      ))}
      <Text size="sm" c="dimmed">
        {fieldHints[FIELD].hint}
      </Text>
      <Group>
        <Button
          size="xs"
          variant="default"
          disabled={tiers.length >= 20}
          onClick={() => change([...tiers, { below: '', density: '' }])}
        >
          {words.add}
        </Button>
      </Group>
    </Stack>
  );
}
