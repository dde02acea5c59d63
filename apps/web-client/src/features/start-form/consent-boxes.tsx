import { Checkbox, Fieldset, Stack, Text } from '@mantine/core';
import { strings } from '#strings/start-form.ts';

interface ConsentBoxesProps {
  readonly understood: boolean;
  readonly shareEvaluation: boolean;
  readonly onChange: (part: { readonly understood?: boolean; readonly shareEvaluation?: boolean }) => void;
}

/** What a person agrees to: nothing is ticked for them. */
export function ConsentBoxes({ understood, shareEvaluation, onChange }: ConsentBoxesProps) {
  return (
    <Fieldset legend={strings.consent} radius="md" p={{ base: 'sm', sm: 'md' }}>
      <Stack gap="sm">
        <Checkbox
          label={strings.understand}
          description={strings.understandHint}
          checked={understood}
          aria-required
          onChange={(event) => onChange({ understood: event.currentTarget.checked })}
        />
        <Checkbox
          label={strings.share}
          description={strings.shareHint}
          checked={shareEvaluation}
          onChange={(event) => onChange({ shareEvaluation: event.currentTarget.checked })}
        />
        <Text size="xs" c="dimmed">
          {strings.recorded}
        </Text>
      </Stack>
    </Fieldset>
  );
}
