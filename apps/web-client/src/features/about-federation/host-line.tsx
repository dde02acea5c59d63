import { Anchor, Avatar, Group, Stack, Text } from '@mantine/core';
import type { Host } from '@perfit/protocol';
import { siteNote, strings } from '#strings/about-federation.ts';
import { safeLink } from '../../shared/ui/safe-link.ts';

/** Who runs a federation, and how to reach them, as they say themselves. */
export function HostLine({ host }: { readonly host: Host | undefined }) {
  return (
    <Group gap="sm" wrap="nowrap" data-testid="host">
      <Avatar radius="xl" color="cyan" visibleFrom="xs" aria-hidden>
        {host ? initialOf(host.name) : '?'}
      </Avatar>
      <Stack gap={0} miw={0}>
        <Text size="sm">
          {host ? strings.runBy : strings.nobody}{' '}
          <Text span fw={600} style={{ overflowWrap: 'anywhere' }}>
            {host?.name}
          </Text>
        </Text>
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {host ? <Contact contact={host.contact} /> : siteNote(globalThis.location.host)}
        </Text>
      </Stack>
    </Group>
  );
}

function Contact({ contact }: { readonly contact: string | undefined }) {
  if (!contact) return strings.noContact;
  const link = safeLink(contact);
  if (!link) return contact;
  return (
    <Anchor href={link.href} size="sm" target="_blank" rel="noopener noreferrer">
      {link.text}
    </Anchor>
  );
}

function initialOf(name: string): string {
  return [...name.trim()][0]?.toLocaleUpperCase() ?? '?';
}
