import { Badge, Group, List, SimpleGrid, Skeleton, Stack, Text, ThemeIcon } from '@mantine/core';
import type { FederationSummary } from '@perfit/protocol';
import {
  computingNote,
  downloadNote,
  exchangeNote,
  keepOpen,
  pledges,
  roundBytes,
  roundsNote,
  setUp,
  strings,
} from '#strings/about-federation.ts';
import { about } from '#strings/durations.ts';
import { plainStateWords } from '#strings/federation-state.ts';
import { stateColor } from '../../shared/federation/federation-state.ts';
import type { TuningTime } from '../../shared/federation/tuning-time.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { DetailsTable } from '../../shared/ui/details-table.tsx';
import { Fact } from '../../shared/ui/fact.tsx';
import { Section } from '../../shared/ui/section.tsx';
import classes from './about-federation.module.css';
import { HostLine } from './host-line.tsx';

/** How long tuning takes here, as far as that is known; of a person's text, or of one like the samples before. */
export type Computing =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'estimated'; readonly of: 'sample' | 'text'; readonly time: TuningTime };

interface AboutFederationProps {
  readonly federation: FederationSummary;
  readonly step: number;
  readonly computing: Computing;
  /** Whether this browser has the model's files. */
  readonly isKept: boolean;
}

/** What a person should know before giving their text to a federation: who, what, how much. */
export function AboutFederation({ federation, step, computing, isKept }: AboutFederationProps) {
  const { config, status } = federation;
  const bytes = roundBytes(federation);
  return (
    <Section step={step} title={strings.title} lead={config.description || strings.noDescription}>
      <Group justify="space-between" gap="xs">
        <HostLine host={federation.host} />
        <Badge color={stateColor(status.state)} variant="light" size="sm">
          {plainStateWords[status.state]}
        </Badge>
      </Group>
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing={{ base: 'sm', sm: 'lg' }}>
        <Fact
          label={strings.download}
          value={formatBytes(isKept ? 0 : federation.modelBytes)}
          note={downloadNote(config.model, isKept)}
        />
        <div className={classes.computing} data-testid="computing-time">
          <Fact label={strings.computing} {...computingFact(computing)} />
        </div>
        <Fact label={strings.exchange} value={formatBytes(bytes)} note={exchangeNote(federation, bytes)} />
        <Fact label={strings.rounds} value={roundsValue(federation)} note={roundsNote(federation)} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing={{ base: 'sm', sm: 'lg' }}>
        <Pledge title={strings.stays} color="teal" mark="✓" items={pledges.stays} />
        <Pledge title={strings.sent} color="orange" mark="↑" items={pledges.sent} />
      </SimpleGrid>
      <Text size="sm" c="dimmed" maw={760}>
        {pledges.honest}
      </Text>
      <details>
        <summary>{strings.details}</summary>
        <Text size="sm" maw={760} mt="xs">
          {keepOpen(federation)}
        </Text>
        <DetailsTable rows={setUp(federation)} />
      </details>
    </Section>
  );
}

function roundsValue({ status }: FederationSummary): string {
  return status.round > 0 ? `${status.round} / ${status.rounds}` : String(status.rounds);
}

function computingFact(computing: Computing) {
  switch (computing.kind) {
    case 'measuring':
      return { value: strings.measuring, note: <Skeleton height={12} mt={4} width="90%" /> };
    case 'unknown':
      return { value: strings.unknown, note: strings.notMeasured };
    case 'estimated': {
      const { round, beforehand } = computing.time;
      return { value: about(round), note: computingNote(computing.of, beforehand) };
    }
  }
}

interface PledgeProps {
  readonly title: string;
  readonly color: string;
  readonly mark: string;
  readonly items: readonly string[];
}

function Pledge({ title, color, mark, items }: PledgeProps) {
  return (
    <Stack gap={6}>
      <Text component="h3" fw={600} m={0}>
        {title}
      </Text>
      <List
        spacing={4}
        size="sm"
        classNames={{ itemWrapper: classes.item ?? '' }}
        icon={
          <ThemeIcon color={color} size={20} radius="xl" variant="light" aria-hidden>
            {mark}
          </ThemeIcon>
        }
      >
        {items.map((item) => (
          <List.Item key={item}>{item}</List.Item>
        ))}
      </List>
    </Stack>
  );
}
