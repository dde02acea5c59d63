import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { strings } from '#strings/access.ts';
import { ApiKeys } from '../features/access/api-keys.tsx';
import { AuditLog } from '../features/access/audit-log.tsx';
import { Operators } from '../features/access/operators.tsx';
import { OwnPassword } from '../features/access/own-password.tsx';
import { Sessions } from '../features/access/sessions.tsx';
import { operatorQuery } from '../features/operator/admin-api.ts';
import { OperatorGate } from '../features/operator/operator-gate.tsx';
import { PageLink } from '../shared/ui/links.tsx';

/** /access: one's own sessions and password, and for an admin everybody's, keys and what was done. */
export function AccessPage() {
  return (
    <OperatorGate>
      <Access />
    </OperatorGate>
  );
}

function Access() {
  const { data } = useQuery(operatorQuery);
  if (!data) return null;
  const isAdmin = data.role === 'admin';
  return (
    <Stack gap="md">
      <Stack gap="xs">
        <PageLink to="/operator" size="sm">
          {strings.back}
        </PageLink>
        <Title order={1}>{strings.title}</Title>
        <Text c="dimmed" maw={680}>
          {strings.lead}
        </Text>
      </Stack>
      <Sessions name={data.name} />
      <OwnPassword />
      {isAdmin ? (
        <>
          <Operators me={data.name} />
          <ApiKeys />
          <AuditLog />
        </>
      ) : null}
    </Stack>
  );
}
