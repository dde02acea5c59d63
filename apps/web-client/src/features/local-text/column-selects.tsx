import { NativeSelect, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { strings } from '#strings/local-text.ts';
import type { ColumnMapping, ColumnRole, DataFileReport } from '../../contract/data-api.ts';
import { formatCount } from '../../shared/format/format-number.ts';
import classes from './local-text.module.css';

interface ColumnSelectsProps {
  readonly file: DataFileReport;
  /** How many files the choice counts for. */
  readonly filesAlike: number;
  readonly onChange: (columns: ColumnMapping) => void;
}

const allRoles = ['instruction', 'context', 'response', 'text'] as const;

/** Which column is the instruction, the context, the response, or text; with what is in the chosen ones. */
export function ColumnSelects({ file, filesAlike, onChange }: ColumnSelectsProps) {
  // Until the file has been read again, what was last chosen counts: the next choice may come before that.
  const [wish, setWish] = useState({ over: file.roles, roles: file.roles });
  const roles = wish.over === file.roles ? wish.roles : file.roles;
  const choose = (role: ColumnRole, name: string) => {
    const column = name === '' ? null : name;
    // A row is a question with its answer, or text: choosing one takes the other back.
    const others = role === 'text' ? { instruction: null, context: null, response: null } : { text: null };
    const next = { ...roles, ...(column === null ? {} : others), [role]: column };
    setWish({ over: file.roles, roles: next });
    onChange(next);
  };
  return (
    <Stack gap="xs" pt="sm" role="group" aria-label={strings.columnsOf(file.name)}>
      <Text size="sm" fw={500}>
        {strings.whatIsWhat}
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="md">
        {allRoles.map((role) => (
          <RoleSelect
            key={role}
            role={role}
            columns={file.columns}
            chosen={roles[role] ?? null}
            onChoose={(name) => choose(role, name)}
          />
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
  readonly columns: DataFileReport['columns'];
  readonly chosen: string | null;
  readonly onChoose: (name: string) => void;
}

function RoleSelect({ role, columns, chosen, onChoose }: RoleSelectProps) {
  const { label, hint } = strings.roles[role];
  const column = columns.find(({ name }) => name === chosen);
  return (
    <div>
      <NativeSelect
        size="sm"
        label={label}
        description={hint}
        value={column?.name ?? ''}
        onChange={(event) => onChoose(event.currentTarget.value)}
        data={[
          { value: '', label: strings.noColumn },
          ...columns.map(({ name, samples }) => ({
            value: name,
            label: samples[0] ? `${name}: ${samples[0].slice(0, 40)}` : name,
          })),
        ]}
      />
      {column ? (
        <ul className={classes.samples}>
          {column.samples.map((sample) => (
            <li key={sample}>{sample}</li>
          ))}
          {column.samples.length === 0 ? <li>{strings.emptyColumn}</li> : null}
        </ul>
      ) : null}
    </div>
  );
}
