import { Button, Checkbox, Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { displayNameSchema } from '@perfit/protocol';
import { type FormEvent, useId } from 'react';
import type { BackendChoice } from '../../engine/engine-api.ts';
import { Section } from '../../shared/ui/section.tsx';
import { strings } from './strings.ts';

/** What a person chooses before the start, beside their text. */
export interface StartChoices {
  readonly name: string;
  readonly invite: string;
  readonly backend: BackendChoice;
  /** Of WebAssembly; null is one. More need a content policy that allows scripts at blob: addresses. */
  readonly threads: number | null;
  readonly shareEvaluation: boolean;
}

interface StartFormProps {
  readonly step: number;
  readonly choices: StartChoices;
  readonly needsInvite: boolean;
  /** Why the start is not possible yet; null where it is. */
  readonly obstacle: string | null;
  readonly busy: boolean;
  readonly onChange: (choices: StartChoices) => void;
  readonly onStart: () => void;
}

/** The last step before anything is sent: a name, consent, and the button. */
export function StartForm({ step, choices, needsInvite, obstacle, busy, onChange, onStart }: StartFormProps) {
  const backendLabel = useId();
  const change = (part: Partial<StartChoices>) => onChange({ ...choices, ...part });
  const name = displayNameSchema.safeParse(choices.name);
  const nameError = choices.name && !name.success ? strings.badName : null;
  const missing = needsInvite && !choices.invite.trim() ? strings.inviteNeeded : null;
  const hindrance = obstacle ?? missing ?? (name.success ? null : strings.nameNeeded);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!hindrance && !busy) onStart();
  };
  return (
    <Section step={step} title={strings.title}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <Group gap="md" align="flex-start" grow preventGrowOverflow={false} wrap="wrap">
            <TextInput
              miw={220}
              label={strings.name}
              description={strings.nameHint}
              value={choices.name}
              error={nameError}
              autoComplete="nickname"
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            {needsInvite ? (
              <TextInput
                miw={220}
                label={strings.invite}
                description={strings.inviteHint}
                value={choices.invite}
                autoComplete="off"
                onChange={(event) => change({ invite: event.currentTarget.value })}
              />
            ) : null}
          </Group>
          <Checkbox
            label={strings.share}
            description={strings.shareHint}
            checked={choices.shareEvaluation}
            onChange={(event) => change({ shareEvaluation: event.currentTarget.checked })}
          />
          <details>
            <summary>{strings.advanced}</summary>
            <Group gap="lg" mt="sm" align="flex-end">
              <Stack gap={4}>
                <Text size="sm" fw={500} id={backendLabel}>
                  {strings.backend}
                </Text>
                <SegmentedControl
                  aria-labelledby={backendLabel}
                  value={choices.backend}
                  data={[
                    { value: 'auto', label: 'Best found' },
                    { value: 'webgpu', label: 'WebGPU' },
                    { value: 'wasm', label: 'WebAssembly' },
                  ]}
                  onChange={(value) => change({ backend: value as BackendChoice })}
                />
              </Stack>
            </Group>
          </details>
          <Group gap="md">
            <Button type="submit" size="md" disabled={hindrance !== null} loading={busy}>
              Start
            </Button>
            <Text size="sm" c="dimmed">
              {hindrance ?? strings.leaveAnyTime}
            </Text>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
