import {
  Button,
  Group,
  Input,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { displayNameSchema } from '@perfit/protocol';
import { type FormEvent, useId } from 'react';
import { inviteAdvice, strings } from '#strings/start-form.ts';
import type { BackendChoice } from '../../contract/device-api.ts';
import type { Failure } from '../../contract/failure.ts';
import type { Portion } from '../../shared/federation/budget.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { ConsentBoxes } from './consent-boxes.tsx';

/** What a person chooses before the start, beside their text. */
export interface StartChoices {
  readonly name: string;
  readonly invite: string;
  readonly backend: BackendChoice;
  /** Of WebAssembly; null lets the worker choose. */
  readonly threads: number | null;
  /** Whether the person has said that they know what is computed and sent. */
  readonly understood: boolean;
  readonly shareEvaluation: boolean;
  /** [PF2] */
  readonly portion: Portion;
  /** [PF9] Whether to compare with tuning alone; null leaves it to how fast the device is. */
  readonly compare: boolean | null;
}

interface StartFormProps {
  readonly step: number;
  readonly choices: StartChoices;
  readonly needsInvite: boolean;
  /** Whether the strategy leaves a choice of how much to own. */
  readonly hasBudget: boolean;
  /** Whether to compare with tuning alone, where nobody has said. */
  readonly comparesByDefault: boolean;
  /** Why the start is not possible yet; null where it is. */
  readonly obstacle: string | null;
  /** What the coordinator said to these choices. */
  readonly refusal: Failure | null;
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
  comparesByDefault,
  obstacle,
  refusal,
  busy,
  onChange,
  onStart,
}: StartFormProps) {
  const change = (part: Partial<StartChoices>) => onChange({ ...choices, ...part });
  const name = displayNameSchema.safeParse(choices.name);
  const nameError = choices.name && !name.success ? strings.badName : null;
  const missing = needsInvite && !choices.invite.trim() ? strings.inviteNeeded : null;
  const hindrance = obstacle ?? missing ?? nextToDo({ name: name.success, understood: choices.understood });
  const inviteError = refusal && inviteAdvice(refusal.code);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!hindrance && !busy) onStart();
  };
  return (
    <Section step={step} title={strings.title}>
      <form onSubmit={submit}>
        <Stack gap="clamp(10px, 2vw, 16px)">
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="clamp(10px, 2vw, 16px)">
            <TextInput
              label={strings.name}
              description={strings.nameHint}
              value={choices.name}
              error={nameError}
              autoComplete="nickname"
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            {needsInvite ? (
              <TextInput
                label={strings.invite}
                description={strings.inviteHint}
                value={choices.invite}
                error={inviteError}
                autoComplete="off"
                onChange={(event) => change({ invite: event.currentTarget.value })}
              />
            ) : null}
          </SimpleGrid>
          <ConsentBoxes understood={choices.understood} shareEvaluation={choices.shareEvaluation} onChange={change} />
          <Switch
            label={strings.compare}
            description={strings.compareHint}
            checked={choices.compare ?? comparesByDefault}
            onChange={(event) => change({ compare: event.currentTarget.checked })}
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
          {refusal && !(needsInvite && inviteError) ? <FailureAlert failure={refusal} title={strings.refused} /> : null}
          <Group gap="md">
            <Button type="submit" size="md" disabled={hindrance !== null} loading={busy}>
              {strings.start}
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

function nextToDo({ name, understood }: { readonly name: boolean; readonly understood: boolean }): string | null {
  if (!name) return strings.nameNeeded;
  return understood ? null : strings.consentNeeded;
}

const portionOptions = (['full', 'half', 'quarter'] as const).map((value) => ({
  value,
  label: strings.portions[value],
}));

const backendOptions = (['auto', 'webgpu', 'wasm'] as const).map((value) => ({
  value,
  label: strings.backends[value],
}));

/** As many as the processor has; also what the address asked for. */
function threadOptions(chosen: number | null): { value: string; label: string }[] {
  const counts = [1, 2, 4, 8].filter((count) => count <= navigator.hardwareConcurrency);
  const all = [...new Set(chosen === null ? counts : [...counts, chosen])].sort((a, b) => a - b);
  return [{ value: '', label: strings.threadsAuto }, ...all.map((count) => ({ value: `${count}`, label: `${count}` }))];
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
