import { Group, Stack, Text, TextInput } from '@mantine/core';
import type { FederationDetail } from '@perfit/protocol';
import { useState } from 'react';
import { detailStrings } from '#strings/operator.ts';

const words = detailStrings.events;

/** The latest of the log; the whole of it is a download. */
export function Events({ detail }: { readonly detail: FederationDetail }) {
  const [wanted, setWanted] = useState('');
  const now = new Date();
  if (!detail.events.length) return <Text c="dimmed">{words.none}</Text>;
  const sought = wanted.trim().toLowerCase();
  const latest = detail.events
    .filter(({ kind, text }) => `${kind} ${text}`.toLowerCase().includes(sought))
    .toSorted((a, b) => b.sequence - a.sequence);
  return (
    <Stack gap="sm">
      <TextInput
        label={words.filter}
        description={words.filterHint}
        maw={360}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      {latest.length ? null : <Text c="dimmed">{words.noneSuch}</Text>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls by keys */}
      <section tabIndex={0} aria-label={words.latest} style={{ maxHeight: 360, overflowY: 'auto' }}>
        <Stack gap={4} component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
          {latest.map((event) => (
            <Group key={event.sequence} component="li" gap="sm" wrap="nowrap" align="baseline">
              <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
                {whenOf(new Date(event.at), now)}
              </Text>
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {event.text}
              </Text>
            </Group>
          ))}
        </Stack>
      </section>
    </Stack>
  );
}

/** The hour is enough of today's. */
function whenOf(at: Date, now: Date): string {
  const isToday = at.toDateString() === now.toDateString();
  return isToday ? at.toLocaleTimeString() : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}
