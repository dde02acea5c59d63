import { Button, Checkbox, Group, Input, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { displayNameSchema } from '@perfit/protocol';
import { type FormEvent, useId } from 'react';
import { strings } from '#strings/start-form.ts';
import type { BackendChoice } from '../../engine/engine-api.ts';
import type { Portion } from '../../shared/budget/budget.ts';
import { Section } from '../../shared/ui/section.tsx';

/** What a person chooses before the start, beside their text. */
export interface StartChoices {
  readonly name: string;
  readonly invite: string;
  readonly backend: BackendChoice;
  /** Of WebAssembly; null lets the worker choose. */
  readonly threads: number | null;
  readonly shareEvaluation: boolean;
  /** [PF2] */
  readonly portion: Portion;
}

interface StartFormProps {
  readonly step: number;
  readonly choices: StartChoices;
  readonly needsInvite: boolean;
  /** Whether the strategy leaves a choice of how much to own. */
  readonly hasBudget: boolean;
  /** Why the start is not possible yet; null where it is. */
  readonly obstacle: string | null;
  readonly busy: boolean;
  readonly onChange: (choices: StartChoices) => void;
  readonly onStart: () => void;
}

/** The last step before anything is sent: a name, consent, and the button. */
export function StartForm({
  step,
  choices,
  needsInvite,
  hasBudget,
  obstacle,
  busy,
  onChange,
  onStart,
}: StartFormProps) {
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
            <Stack gap="lg" mt="sm">
              {hasBudget ? (
                <Choice
                  label={strings.portion}
                  hint={strings.portionHint}
                  value={choices.portion}
                  options={portionOptions}
                  onChange={(portion) => change({ portion })}
                />
              ) : null}
              <Choice
                label={strings.backend}
                hint={strings.backendHint}
                value={choices.backend}
                options={backendOptions}
                onChange={(backend) => change({ backend })}
              />
              {choices.backend === 'webgpu' ? null : (
                <Select
                  maw={220}
                  label={strings.threads}
                  description={strings.threadsHint}
                  value={choices.threads === null ? '' : String(choices.threads)}
                  data={threadOptions(choices.threads)}
                  allowDeselect={false}
                  onChange={(value) => change({ threads: value ? Number(value) : null })}
                />
              )}
            </Stack>
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

const portionOptions = [
  { value: 'full', label: 'Full budget' },
  { value: 'half', label: 'Half' },
  { value: 'quarter', label: 'A quarter' },
] as const;

const backendOptions = [
  { value: 'auto', label: 'Best found' },
  { value: 'webgpu', label: 'WebGPU' },
  { value: 'wasm', label: 'WebAssembly' },
] as const;

/** As many as the processor has; also what the address asked for. */
function threadOptions(chosen: number | null): { value: string; label: string }[] {
  const counts = [1, 2, 4, 8].filter((count) => count <= navigator.hardwareConcurrency);
  const all = [...new Set(chosen === null ? counts : [...counts, chosen])].sort((a, b) => a - b);
  return [{ value: '', label: 'Chosen for you' }, ...all.map((count) => ({ value: `${count}`, label: `${count}` }))];
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly hint: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly onChange: (value: Value) => void;
}

/** A few words to choose from, and what the choice means. */
function Choice<Value extends string>({ label, hint, value, options, onChange }: ChoiceProps<Value>) {
  const labelId = useId();
  const hintId = useId();
  return (
    <Input.Wrapper
      label={label}
      labelElement="div"
      labelProps={{ id: labelId }}
      description={hint}
      descriptionProps={{ id: hintId, maw: '60ch' }}
    >
      <SegmentedControl
        mt={4}
        // Three words fit on a narrow screen.
        size="xs"
        aria-labelledby={labelId}
        aria-describedby={hintId}
        value={value}
        data={[...options]}
        onChange={onChange}
      />
    </Input.Wrapper>
  );
}
