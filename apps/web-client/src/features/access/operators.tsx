import { Button, SimpleGrid, Skeleton, Stack, Table, TextInput } from '@mantine/core';
import { newOperatorSchema, type OperatorAccount, type OperatorRole } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { moment, removeQuestion, strings, operatorStrings as words } from '#strings/access.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { Confirm } from '../../shared/ui/confirm.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { operatorsQuery } from './access-api.ts';
import { RoleSelect } from './role-select.tsx';
import { ToldOnce } from './told-once.tsx';
import { useChange } from './use-change.ts';

/** @param me whoever looks at them: nobody takes their own role away here */
export function Operators({ me }: { readonly me: string }) {
  const { data, error } = useQuery(operatorsQuery);
  const [doomed, setDoomed] = useState<OperatorAccount | null>(null);
  const removing = useChange(async (name: string) => {
    await admin.removeOperator(name);
    setDoomed(null);
  });
  const changing = useChange(({ name, role }: { name: string; role: OperatorRole }) => admin.changeRole(name, role));
  return (
    <Section title={words.title} lead={words.lead}>
      {error && !data ? <FailureAlert failure={failureOf(error)} /> : null}
      {changing.error ? <FailureAlert failure={failureOf(changing.error)} /> : null}
      {data || error ? null : <Skeleton height={90} />}
      {data ? (
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing={6} tabularNums aria-label={words.list}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{words.columns.name}</Table.Th>
                <Table.Th>{words.columns.role}</Table.Th>
                <Table.Th>{words.columns.since}</Table.Th>
                <Table.Th aria-label={strings.actions} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.map((operator) => (
                <Table.Tr key={operator.name}>
                  <Table.Td>{operator.name}</Table.Td>
                  <Table.Td>
                    <RoleSelect
                      name={words.roleOf(operator.name)}
                      value={operator.role}
                      disabled={operator.name === me}
                      onChange={(role) => changing.mutate({ name: operator.name, role })}
                    />
                  </Table.Td>
                  <Table.Td>{moment(operator.createdAt)}</Table.Td>
                  <Table.Td ta="end">
                    {operator.name === me ? null : (
                      <Button size="compact-xs" variant="subtle" color="red" onClick={() => setDoomed(operator)}>
                        {words.remove}
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ) : null}
      <NewOperator />
      <Confirm
        question={doomed && removeQuestion(doomed)}
        isPending={removing.isPending}
        error={removing.error}
        onCancel={() => setDoomed(null)}
        onConfirm={() => doomed && removing.mutate(doomed.name)}
      />
    </Section>
  );
}

function NewOperator() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<OperatorRole>('operator');
  const adding = useChange(async () => {
    const added = await admin.addOperator({ name: name.trim(), role });
    setName('');
    return added;
  });
  const isWhole = newOperatorSchema.safeParse({ name: name.trim(), role }).success;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isWhole) adding.mutate(undefined);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput
            label={words.name}
            autoComplete="off"
            value={name}
            error={name !== '' && !isWhole ? words.problem : null}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <RoleSelect label={strings.role} value={role} onChange={setRole} />
        </SimpleGrid>
        {adding.error ? <FailureAlert failure={failureOf(adding.error)} /> : null}
        {adding.data?.password ? (
          <ToldOnce
            title={`${words.made} ${adding.data.name}`}
            secret={adding.data.password}
            onDone={() => adding.reset()}
          />
        ) : null}
        <Button
          type="submit"
          variant="default"
          style={{ alignSelf: 'flex-start' }}
          disabled={!isWhole}
          loading={adding.isPending}
        >
          {words.add}
        </Button>
      </Stack>
    </form>
  );
}
