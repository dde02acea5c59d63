import { Stack, Text, Title } from '@mantine/core';
import { strings } from '#strings/shell.ts';
import { PageLinkButton } from '../shared/ui/links.tsx';

const words = strings.notFound;

export function NotFoundPage() {
  return (
    <Stack gap="md" align="flex-start">
      <Title order={1}>{words.title}</Title>
      <Text maw={640}>{words.text}</Text>
      <PageLinkButton to="/">{words.list}</PageLinkButton>
    </Stack>
  );
}
