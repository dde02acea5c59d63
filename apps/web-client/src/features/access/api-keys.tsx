import { Button, NumberInput, SimpleGrid, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { type ApiKeyView, newApiKeySchema, type OperatorRole } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { keyExpiry, moment, revokeQuestion, strings, keyStrings as words } from '#strings/access.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { Confirm } from '../../shared/ui/confirm.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { keysQuery } from './access-api.ts';
import { RoleSelect } from './role-select.tsx';
import { ToldOnce } from './told-once.tsx';
import { useChange } from './use-change.ts';

export function ApiKeys() {
  const { data, error } = useQuery(keysQuery);
  const [doomed, setDoomed] = useState<ApiKeyView | null>(null);
  const revoking = useChange(async (id: string) => {
    await admin.revokeKey(id);
    setDoomed(null);
  });
  return (
    <Section title={words.title} lead={words.lead}>
      {error && !data ? <FailureAlert failure={failureOf(error)} /> : null}
      {data || error ? null : <Skeleton height={60} />}
      {data?.length === 0 ? <Text c="dimmed">{words.none}</Text> : null}
      {data && data.length > 0 ? (
        <Table.ScrollContainer minWidth={640}>
          <Table verticalSpacing={6} tabularNums aria-label={words.list}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{words.columns.label}</Table.Th>
                <Table.Th>{words.columns.role}</Table.Th>
                <Table.Th>{words.columns.expiry}</Table.Th>
                <Table.Th>{words.columns.used}</Table.Th>
                <Table.Th>{words.columns.by}</Table.Th>
                <Table.Th aria-label={strings.actions} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.map((key) => (
                <Table.Tr key={key.id}>
                  <Table.Td>{key.label}</Table.Td>
                  <Table.Td>{key.role}</Table.Td>
                  <Table.Td>{keyExpiry(key)}</Table.Td>
                  <Table.Td>{key.lastUsed ? moment(key.lastUsed) : words.never}</Table.Td>
                  <Table.Td>{key.createdBy}</Table.Td>
                  <Table.Td ta="end">
                    {key.revokedAt ? null : (
                      <Button size="compact-xs" variant="subtle" color="red" onClick={() => setDoomed(key)}>
                        {words.revoke}
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ) : null}
      <NewKey />
      <Confirm
        question={doomed && revokeQuestion(doomed)}
        isPending={revoking.isPending}
        error={revoking.error}
        onCancel={() => setDoomed(null)}
        onConfirm={() => doomed && revoking.mutate(doomed.id)}
      />
    </Section>
  );
}

function NewKey() {
  const [label, setLabel] = useState('');
  const [role, setRole] = useState<OperatorRole>('operator');
  const [days, setDays] = useState<number | string>(90);
  const wanted = newApiKeySchema.safeParse({
    label: label.trim(),
    role,
    expiresInDays: days === '' ? null : Number(days),
  });
  const adding = useChange(async () => {
    if (!wanted.success) return null;
    const added = await admin.addKey(wanted.data);
    setLabel('');
    return added;
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted.success) adding.mutate(undefined);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <TextInput
            label={words.label}
            description={words.labelHint}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            autoComplete="off"
            value={label}
            error={label !== '' && !wanted.success ? words.problem : null}
            onChange={(event) => setLabel(event.currentTarget.value)}
          />
          <RoleSelect label={strings.role} value={role} onChange={setRole} />
          <NumberInput
            label={words.days}
            description={words.daysHint}
            inputWrapperOrder={['label', 'input', 'description']}
            min={1}
            max={3650}
            allowDecimal={false}
            value={days}
            onChange={setDays}
          />
        </SimpleGrid>
        {adding.error ? <FailureAlert failure={failureOf(adding.error)} /> : null}
        {adding.data ? (
          <ToldOnce
            title={`${words.made} “${adding.data.label}”`}
            secret={adding.data.key}
            onDone={() => adding.reset()}
          />
        ) : null}
        <Button
          type="submit"
          variant="default"
          style={{ alignSelf: 'flex-start' }}
          disabled={!wanted.success}
          loading={adding.isPending}
        >
          {words.add}
        </Button>
      </Stack>
    </form>
  );
}
