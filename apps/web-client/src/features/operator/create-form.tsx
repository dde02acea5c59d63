import { Button, Group, NumberInput, Select, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core';
import { type FederationConfigInput, federationConfigSchema, strategyNames } from '@perfit/protocol';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { failureOf } from '../../shared/failure/failure.ts';
import { FailureAlert } from '../../shared/notices/failure-alert.tsx';
import { createFederation } from './admin-api.ts';
import { fieldHints } from './strings.ts';

/** What the form asks; everything else takes the protocol's defaults. Empty numbers are "as by default". */
interface Draft {
  readonly name: string;
  readonly description: string;
  readonly model: string;
  readonly strategy: string;
  readonly receive: string;
  readonly access: string;
  readonly rank: number | string;
  readonly expansion: number | string;
  readonly rounds: number | string;
  readonly recruit: number | string;
  readonly goal: number | string;
  readonly minimum: number | string;
  readonly deadlineSeconds: number | string;
  readonly epochs: number | string;
  readonly maxLength: number | string;
  readonly learningRate: number | string;
}

const defaults = federationConfigSchema.parse({ name: 'defaults', model: 'perfit-nano' });

const emptyDraft: Draft = {
  name: '',
  description: '',
  model: '',
  strategy: defaults.strategy,
  receive: defaults.receive,
  access: defaults.access,
  rank: defaults.lora.rank,
  expansion: defaults.lora.expansion,
  rounds: defaults.schedule.rounds,
  recruit: defaults.schedule.recruit,
  goal: defaults.schedule.goal,
  minimum: defaults.schedule.minimum,
  deadlineSeconds: defaults.schedule.deadlineSeconds,
  epochs: defaults.tuning.epochs,
  maxLength: defaults.tuning.maxLength,
  learningRate: defaults.tuning.learningRate,
};

interface CreateFormProps {
  /** Those that the coordinator has. */
  readonly models: readonly string[];
  readonly onCreated: (id: string) => void;
  readonly onCancel: () => void;
}

/** A new federation: the few settings that most depend on who takes part. */
export function CreateForm({ models, onCreated, onCancel }: CreateFormProps) {
  const [draft, setDraft] = useState(() => ({ ...emptyDraft, model: models[0] ?? '' }));
  const [asked, setAsked] = useState(false);
  const parsed = federationConfigSchema.safeParse(configOf(draft));
  const issues = new Map(
    asked && !parsed.success
      ? parsed.error.issues.map(({ path, message }) => [String(path.at(-1)), `${message}.`])
      : [],
  );
  const creation = useMutation({ mutationFn: createFederation, onSuccess: onCreated });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setAsked(true);
    if (parsed.success) creation.mutate(configOf(draft));
    else focusFirstWrong(event.currentTarget);
  };
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const text = (field: 'name' | 'description') => ({
    label: fieldHints[field].label,
    description: fieldHints[field].hint,
    value: draft[field],
    error: issues.get(field),
    onChange: (event: { currentTarget: { value: string } }) => change({ [field]: event.currentTarget.value }),
  });
  const number = (field: NumberField) => (
    <NumberInput
      label={fieldHints[field].label}
      description={fieldHints[field].hint}
      value={draft[field]}
      error={issues.get(field)}
      min={0}
      step={field === 'learningRate' ? 0.0005 : 1}
      onChange={(value) => change({ [field]: value })}
    />
  );
  const choice = (field: 'model' | 'strategy' | 'receive' | 'access', data: readonly string[]) => (
    <Select
      label={fieldHints[field].label}
      description={fieldHints[field].hint}
      data={[...data]}
      value={draft[field]}
      error={issues.get(field)}
      allowDeselect={false}
      onChange={(value) => change({ [field]: value ?? draft[field] })}
    />
  );
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="lg">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput {...text('name')} required />
          {choice('model', models)}
        </SimpleGrid>
        <Textarea {...text('description')} autosize minRows={2} />
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {choice('strategy', strategyNames)}
          {choice('receive', ['owned', 'all'])}
          {choice('access', ['invite', 'open'])}
          {number('rounds')}
          {number('recruit')}
          {number('goal')}
          {number('minimum')}
          {number('deadlineSeconds')}
          {number('epochs')}
          {number('rank')}
          {number('expansion')}
          {number('learningRate')}
          {number('maxLength')}
        </SimpleGrid>
        {creation.error ? <FailureAlert failure={failureOf(creation.error)} title="It was not created" /> : null}
        <Group>
          <Button type="submit" loading={creation.isPending}>
            Create
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** After the next paint, when the fields are marked: what is wrong may be far above the button. */
function focusFirstWrong(form: HTMLFormElement): void {
  requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}

type NumberField = {
  [K in keyof Draft]: Draft[K] extends string ? never : K;
}[keyof Draft];

/** Unchecked: the schema judges it. */
function configOf(draft: Draft): FederationConfigInput {
  const value = (field: NumberField) => (draft[field] === '' ? undefined : Number(draft[field]));
  const config = {
    name: draft.name,
    description: draft.description,
    model: draft.model,
    strategy: draft.strategy,
    receive: draft.receive,
    access: draft.access,
    lora: { rank: value('rank'), expansion: value('expansion') },
    schedule: {
      rounds: value('rounds'),
      recruit: value('recruit'),
      goal: value('goal'),
      minimum: value('minimum'),
      deadlineSeconds: value('deadlineSeconds'),
    },
    tuning: { epochs: value('epochs'), maxLength: value('maxLength'), learningRate: value('learningRate') },
  };
  return config as FederationConfigInput;
}
