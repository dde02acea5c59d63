import { NativeSelect, SimpleGrid, Stack, Text } from '@mantine/core';
import { strings } from '#strings/local-text.ts';
import type { ColumnMapping, ColumnRole, DataFileReport } from '../../engine/engine-api.ts';
import { formatCount } from '../../shared/format/format-number.ts';
import classes from './local-text.module.css';

interface ColumnSelectsProps {
  readonly file: DataFileReport;
  /** How many files the choice counts for. */
  readonly filesAlike: number;
  readonly onChange: (columns: ColumnMapping) => void;
}

const roles = ['instruction', 'context', 'response', 'text'] as const;

/** Which column is the instruction, the context, the response, or text; with what is in the chosen ones. */
export function ColumnSelects({ file, filesAlike, onChange }: ColumnSelectsProps) {
  const choose = (role: ColumnRole, name: string) => {
    const column = name === '' ? null : name;
    // A row is a question with its answer, or text: choosing one takes the other back.
    const others = role === 'text' ? { instruction: null, context: null, response: null } : { text: null };
    onChange({ ...file.roles, ...(column === null ? {} : others), [role]: column });
  };
  return (
    <Stack gap="xs" pt="sm" role="group" aria-label={strings.columnsOf(file.name)}>
      <Text size="sm" fw={500}>
        {strings.whatIsWhat}
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="md">
        {roles.map((role) => (
          <RoleSelect key={role} role={role} file={file} onChoose={(name) => choose(role, name)} />
        ))}
      </SimpleGrid>
      {filesAlike > 1 ? (
        <Text size="xs" c="dimmed">
          {strings.sameColumns(formatCount(filesAlike))}
        </Text>
      ) : null}
    </Stack>
  );
}

interface RoleSelectProps {
  readonly role: ColumnRole;
  readonly file: DataFileReport;
  readonly onChoose: (name: string) => void;
}

function RoleSelect({ role, file, onChoose }: RoleSelectProps) {
  const { label, hint } = strings.roles[role];
  const chosen = file.columns.find(({ name }) => name === file.roles[role]);
  return (
    <div>
      <NativeSelect
        size="sm"
        label={label}
        description={hint}
        value={chosen?.name ?? ''}
        onChange={(event) => onChoose(event.currentTarget.value)}
        data={[
          { value: '', label: strings.noColumn },
          ...file.columns.map(({ name, samples }) => ({
            value: name,
            label: samples[0] ? `${name}: ${samples[0].slice(0, 40)}` : name,
          })),
        ]}
      />
      {chosen ? (
        <ul className={classes.samples}>
          {chosen.samples.map((sample) => (
            <li key={sample}>{sample}</li>
          ))}
          {chosen.samples.length === 0 ? <li>{strings.emptyColumn}</li> : null}
        </ul>
      ) : null}
    </div>
  );
}
