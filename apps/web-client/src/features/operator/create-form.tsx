import { Button, Group, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { federationConfigSchema, type OperatorModel, strategyNames } from '@perfit/protocol';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { costLine, fieldHints, createStrings as words } from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { AdvancedFields } from './advanced-fields.tsx';
import { ChoiceField, type DraftForm, NumberField } from './draft-fields.tsx';
import { configOf, type Draft, emptyDraft, issuesOf } from './federation-draft.ts';
import { PresetChoice } from './preset-choice.tsx';
import { type PresetName, withPreset } from './presets.ts';

interface CreateFormProps {
  /** Those that the coordinator has. */
  readonly models: readonly OperatorModel[];
  readonly onCreated: (id: string) => void;
  readonly onCancel: () => void;
}

/** A new federation: the few settings that most depend on who takes part, and the others on demand. */
export function CreateForm({ models, onCreated, onCancel }: CreateFormProps) {
  const [draft, setDraft] = useState<Draft>(() => withModel(emptyDraft, models[0]?.id ?? '', models));
  const [preset, setPreset] = useState<PresetName | null>(null);
  const [asked, setAsked] = useState(false);
  const issues = issuesOf(draft);
  const creation = useMutation({
    mutationFn: () => admin.create(configOf(draft)),
    onSuccess: ({ id }) => onCreated(id),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setAsked(true);
    if (issues.size === 0) creation.mutate();
    else focusFirstWrong(event.currentTarget);
  };
  const config = federationConfigSchema.safeParse(configOf({ ...draft, name: draft.name || words.create }));
  const { bytes: modelBytes = 0, notes = [] } = models.find(({ id }) => id === draft.model) ?? {};
  const form: DraftForm = {
    draft,
    issues: asked ? issues : new Map(),
    change: ({ model, ...part }) =>
      setDraft({ ...(model === undefined ? draft : withModel(draft, model, models)), ...part }),
  };
  const text = (field: 'name' | 'description' | 'host.name' | 'host.contact') => ({
    label: fieldHints[field].label,
    description: fieldHints[field].hint,
    value: draft[field],
    error: form.issues.get(field),
    onChange: (event: { currentTarget: { value: string } }) => form.change({ [field]: event.currentTarget.value }),
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="lg">
        <PresetChoice
          chosen={preset}
          onChoose={(name) => {
            setPreset(name);
            setDraft(withModel(withPreset(draft, name), draft.model, models));
          }}
        />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput {...text('name')} required />
          <ChoiceField form={form} field="model" options={models.map(({ id }) => id)} />
        </SimpleGrid>
        {notes.map((note) => (
          <Text key={note} size="sm" c="dimmed">
            {note}
          </Text>
        ))}
        <Textarea {...text('description')} autosize minRows={2} />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput {...text('host.name')} />
          <TextInput {...text('host.contact')} />
        </SimpleGrid>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          <ChoiceField form={form} field="strategy" options={strategyNames} />
          <ChoiceField form={form} field="receive" options={['owned', 'all']} />
          <ChoiceField form={form} field="access" options={['invite', 'open']} />
          <NumberField form={form} field="schedule.rounds" />
          <NumberField form={form} field="schedule.targetPerplexity" />
          <NumberField form={form} field="schedule.recruit" />
          <NumberField form={form} field="schedule.goal" />
          <NumberField form={form} field="schedule.minimum" />
          <NumberField form={form} field="schedule.deadlineSeconds" />
          <NumberField form={form} field="tuning.epochs" />
          <NumberField form={form} field="lora.rank" />
          <NumberField form={form} field="lora.expansion" />
          <NumberField form={form} field="tuning.learningRate" step={0.0005} />
          <NumberField form={form} field="tuning.maxLength" />
        </SimpleGrid>
        <AdvancedFields form={form} />
        {config.success ? <Text size="sm">{costLine(config.data, modelBytes)}</Text> : null}
        {creation.error ? <FailureAlert failure={failureOf(creation.error)} title={words.failed} /> : null}
        <Group>
          <Button type="submit" loading={creation.isPending}>
            {words.create}
          </Button>
          <Button variant="default" onClick={onCancel}>
            {words.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** With the rate that such a model is tuned with, and its course, unless others were typed. */
function withModel(draft: Draft, model: string, models: readonly OperatorModel[]): Draft {
  const usual = (id: string) => {
    const { learningRate, warmup, decay } = models.find((each) => each.id === id)?.recipe ?? {};
    const { 'tuning.learningRate': rate, 'tuning.warmup': rise, 'tuning.decay': course } = emptyDraft;
    return {
      'tuning.learningRate': learningRate ?? rate,
      'tuning.warmup': warmup ?? rise,
      'tuning.decay': decay ?? course,
    };
  };
  const before = usual(draft.model);
  const isOwn = (Object.keys(before) as (keyof typeof before)[]).some(
    (field) => draft[field] !== before[field] && draft[field] !== emptyDraft[field],
  );
  return { ...draft, model, ...(isOwn ? {} : usual(model)) };
}

/** After the next paint, when the fields are marked: what is wrong may be far above the button, or folded away. */
function focusFirstWrong(form: HTMLFormElement): void {
  requestAnimationFrame(() => {
    const wrong = form.querySelector<HTMLElement>('[aria-invalid="true"]');
    wrong?.closest('details')?.setAttribute('open', '');
    wrong?.focus();
  });
}
