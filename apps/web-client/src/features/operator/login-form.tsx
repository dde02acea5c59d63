import { Button, Paper, Stack, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { loginStrings as words } from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';

/** Nothing of the operator's is shown before this. */
export function LoginForm() {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const attempt = useMutation({
    mutationFn: () => admin.login(name, password),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['operator'] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate();
  };
  return (
    <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }} maw={420} mx="auto" w="100%">
      <form onSubmit={submit}>
        <Stack gap="md">
          <Title order={1} size="h2">
            {words.title}
          </Title>
          <TextInput
            label={words.name}
            autoComplete="username"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label={words.password}
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {attempt.error ? <FailureAlert failure={failureOf(attempt.error)} title={words.failed} /> : null}
          <Button type="submit" loading={attempt.isPending} disabled={!name || !password}>
            {words.login}
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}
