import { Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { loggedInAs, loginStrings } from '#strings/operator.ts';
import { FailureError, failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { PageLink } from '../../shared/ui/links.tsx';
import { operatorQuery } from './admin-api.ts';
import { LoginForm } from './login-form.tsx';

/** Shows its children to a logged-in operator, and the login to everybody else. */
export function OperatorGate({ children }: { readonly children: ReactNode }) {
  const queries = useQueryClient();
  const { data, error, isPending } = useQuery(operatorQuery);
  if (isPending) return <Skeleton height={240} radius="lg" />;
  if (error instanceof FailureError && error.failure.code === 'login-required') return <LoginForm />;
  if (!data) return <FailureAlert failure={failureOf(error)} />;
  const leave = async () => {
    await admin.logout();
    queries.removeQueries({ queryKey: ['operator'] });
    await queries.invalidateQueries({ queryKey: ['operator'] });
    window.location.reload();
  };
  return (
    <Stack gap="md">
      <Group justify="flex-end" gap="sm">
        <Text size="sm" c="dimmed">
          {loggedInAs(data.name)}
        </Text>
        <PageLink to="/access" size="sm">
          {loginStrings.access}
        </PageLink>
        <Button size="xs" variant="subtle" onClick={() => void leave()}>
          {loginStrings.logout}
        </Button>
      </Group>
      {children}
    </Stack>
  );
}
