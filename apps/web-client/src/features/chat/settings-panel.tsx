import { Button, Group, NumberInput, SimpleGrid, Stack, Switch, Text, Textarea } from '@mantine/core';
import { settingsStrings as strings } from '#strings/chat.ts';
import { bounds, type ChatSettings, defaultSettings, type NumberSetting } from './chat-settings.ts';

interface SettingsPanelProps {
  readonly settings: ChatSettings;
  readonly hasBoth: boolean;
  readonly onChange: (settings: ChatSettings) => void;
}

/** How the next word is chosen. */
export function SettingsPanel({ settings, hasBoth, onChange }: SettingsPanelProps) {
  const isDefault = JSON.stringify(settings) === JSON.stringify(defaultSettings);
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed" maw={640}>
        {strings.lead}
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="md" verticalSpacing="sm">
        {(Object.keys(bounds) as NumberSetting[]).map((setting) => (
          <NumberInput
            key={setting}
            size="sm"
            label={strings.numbers[setting].label}
            description={strings.numbers[setting].description}
            inputWrapperOrder={['label', 'input', 'description']}
            {...bounds[setting]}
            clampBehavior="strict"
            value={settings[setting]}
            onChange={(value) => {
              // While a number is typed it may be none.
              if (typeof value === 'number' && value >= bounds[setting].min)
                onChange({ ...settings, [setting]: value });
            }}
          />
        ))}
        {hasBoth ? (
          <Switch
            mt={{ base: 0, xs: 30 }}
            label={strings.sameSeed}
            checked={settings.sameSeed}
            onChange={(event) => onChange({ ...settings, sameSeed: event.currentTarget.checked })}
          />
        ) : null}
      </SimpleGrid>
      {settings.temperature === 0 ? <Text size="sm">{strings.greedy}</Text> : null}
      <Textarea
        label={strings.system}
        description={strings.systemDescription}
        placeholder={strings.systemPlaceholder}
        autosize
        minRows={1}
        maxRows={6}
        maxLength={8000}
        value={settings.system}
        onChange={(event) => onChange({ ...settings, system: event.currentTarget.value })}
      />
      <Textarea
        label={strings.stop}
        description={strings.stopDescription}
        autosize
        minRows={1}
        maxRows={6}
        maxLength={2000}
        value={settings.stop}
        onChange={(event) => onChange({ ...settings, stop: event.currentTarget.value })}
      />
      <Group>
        <Button size="xs" variant="default" disabled={isDefault} onClick={() => onChange(defaultSettings)}>
          {strings.reset}
        </Button>
      </Group>
    </Stack>
  );
}
