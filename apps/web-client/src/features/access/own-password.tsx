import { Button, Group, PasswordInput, SimpleGrid, Stack, Text } from '@mantine/core';
import { passwordChangeSchema } from '@perfit/protocol';
import { type FormEvent, useState } from 'react';
import { passwordStrings as words } from '#strings/access.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { useChange } from './use-change.ts';

export function OwnPassword() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const changing = useChange(async () => {
    await admin.changePassword(current, next);
    setCurrent('');
    setNext('');
  });
  const isWhole = passwordChangeSchema.safeParse({ current, next }).success;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isWhole) changing.mutate(undefined);
  };
  return (
    <Section title={words.title} lead={words.lead}>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <PasswordInput
              label={words.current}
              autoComplete="current-password"
              inputWrapperOrder={['label', 'input', 'description']}
              value={current}
              onChange={(event) => setCurrent(event.currentTarget.value)}
            />
            <PasswordInput
              label={words.next}
              description={words.hint}
              autoComplete="new-password"
              inputWrapperOrder={['label', 'input', 'description']}
              value={next}
              onChange={(event) => setNext(event.currentTarget.value)}
            />
          </SimpleGrid>
          {changing.error ? <FailureAlert failure={failureOf(changing.error)} /> : null}
          <Group gap="md">
            <Button type="submit" variant="default" disabled={!isWhole} loading={changing.isPending}>
              {words.change}
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {changing.isSuccess && current === '' && next === '' ? words.changed : ''}
            </Text>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
