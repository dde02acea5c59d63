import { Group, Radio, SimpleGrid, Stack, Text } from '@mantine/core';
import { presetStrings, presetWords } from '#strings/operator.ts';
import { type PresetName, presetNames } from './presets.ts';

interface PresetChoiceProps {
  readonly chosen: PresetName | null;
  readonly onChoose: (preset: PresetName) => void;
}

/** Where to begin: everything can be changed afterwards. */
export function PresetChoice({ chosen, onChoose }: PresetChoiceProps) {
  return (
    <Radio.Group
      label={presetStrings.title}
      description={presetStrings.lead}
      value={chosen}
      onChange={(value) => {
        const preset = presetNames.find((name) => name === value);
        if (preset) onChoose(preset);
      }}
    >
      <SimpleGrid cols={{ base: 1, sm: 3 }} mt="xs">
        {presetNames.map((name) => (
          <Radio.Card key={name} value={name} radius="md" p="sm" aria-label={presetWords[name].title}>
            <Stack gap={4}>
              <Group gap="xs" wrap="nowrap">
                <Radio.Indicator />
                <Text size="sm" fw={600}>
                  {presetWords[name].title}
                </Text>
              </Group>
              <Text size="xs" c="dimmed">
                {presetWords[name].text}
              </Text>
            </Stack>
          </Radio.Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}
