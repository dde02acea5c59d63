import { SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { strings } from '#strings/landing.ts';
import { FederationList } from '../features/federation-list/federation-list.tsx';

/** What this is, in a few sentences, and which federations can be joined. */
export function LandingPage() {
  return (
    <Stack gap="xl">
      <Stack gap="sm" maw={760}>
        <Title order={1}>{strings.headline}</Title>
        <Text size="lg" c="dimmed">
          {strings.lead}
        </Text>
      </Stack>
      <Stack gap="md">
        <Stack gap={4}>
          <Title order={2} size="h3">
            {strings.federations}
          </Title>
          <Text c="dimmed" maw={760}>
            {strings.federationsLead}
          </Text>
        </Stack>
        <FederationList />
      </Stack>
      <Stack gap="md">
        <Title order={2} size="h3">
          {strings.how}
        </Title>
        <SimpleGrid
          cols={{ base: 1, sm: 2, lg: 4 }}
          spacing="lg"
          component="ol"
          p={0}
          m={0}
          style={{ listStyle: 'none' }}
        >
          {strings.steps.map(({ title, text }, i) => (
            <li key={title}>
              <Text c="cyan" fw={700}>
                {i + 1}
              </Text>
              <Text fw={600}>{title}</Text>
              <Text size="sm" c="dimmed">
                {text}
              </Text>
            </li>
          ))}
        </SimpleGrid>
      </Stack>
    </Stack>
  );
}
