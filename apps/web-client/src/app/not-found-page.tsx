import { Stack, Text, Title } from '@mantine/core';
import { PageLink } from '../shared/ui/links.tsx';

export function NotFoundPage() {
  return (
    <Stack gap="sm">
      <Title>There is no such page</Title>
      <Text>
        Look at <PageLink to="/">the list of federations</PageLink>, or at the link that you were given.
      </Text>
    </Stack>
  );
}
