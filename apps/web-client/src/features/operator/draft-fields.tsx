import { Checkbox, MultiSelect, NumberInput, Select } from '@mantine/core';
import { fieldHints } from '#strings/operator.ts';
import type { Draft, Field, FlagKey, NumberKey, SeveralKey, TextKey } from './federation-draft.ts';

/** What the fields of one form have in common. */
export interface DraftForm {
  readonly draft: Draft;
  /** A sentence by field, once the form was sent with something wrong in it. */
  readonly issues: ReadonlyMap<string, string>;
  readonly change: (part: Partial<Draft>) => void;
}

interface FieldProps<Name extends Field> {
  readonly form: DraftForm;
  readonly field: Name;
  /** In place of the field's own. */
  readonly hint?: string | undefined;
}

export function NumberField({ form, field, hint, step = 1 }: FieldProps<NumberKey> & { readonly step?: number }) {
  return (
    <NumberInput
      label={fieldHints[field].label}
      description={hint ?? fieldHints[field].hint}
      value={form.draft[field]}
      error={form.issues.get(field)}
      min={0}
      step={step}
      onChange={(value) => form.change({ [field]: value })}
    />
  );
}

type ChoiceProps = FieldProps<TextKey> & {
  readonly options: readonly (string | { readonly value: string; readonly label: string })[];
};

export function ChoiceField({ form, field, hint, options }: ChoiceProps) {
  return (
    <Select
      label={fieldHints[field].label}
      description={hint ?? fieldHints[field].hint}
      data={[...options]}
      value={form.draft[field]}
      error={form.issues.get(field)}
      allowDeselect={false}
      onChange={(value) => form.change({ [field]: value ?? form.draft[field] })}
    />
  );
}

export function SeveralField({ form, field, options }: FieldProps<SeveralKey> & Pick<ChoiceProps, 'options'>) {
  return (
    <MultiSelect
      label={fieldHints[field].label}
      description={fieldHints[field].hint}
      data={[...options]}
      value={[...form.draft[field]]}
      error={form.issues.get(field)}
      hidePickedOptions
      onChange={(value) => form.change({ [field]: value })}
    />
  );
}

export function FlagField({ form, field }: FieldProps<FlagKey>) {
  return (
    <Checkbox
      label={fieldHints[field].label}
      description={fieldHints[field].hint}
      checked={form.draft[field]}
      onChange={(event) => form.change({ [field]: event.currentTarget.checked })}
    />
  );
}
