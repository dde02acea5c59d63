import { Badge, List, SimpleGrid, Stack, Text, ThemeIcon } from '@mantine/core';
import type { FederationSummary } from '@perfit/protocol';
import { aboutModel, roundBytes, strings } from '#strings/about-federation.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { stateColor, stateWord } from '../../shared/session/federation-state.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { Section } from '../../shared/ui/section.tsx';

/** What a person should know before giving their text to a federation. */
export function AboutFederation({
  federation,
  step,
}: {
  readonly federation: FederationSummary;
  readonly step: number;
}) {
  const { config, status } = federation;
  return (
    <Section
      step={step}
      title={strings.title}
      lead={config.description || strings.noDescription}
      aside={
        <Badge color={stateColor(status.state)} variant="light" size="lg">
          {stateWord(status.state)}
        </Badge>
      }
    >
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="lg">
        <Fact label="Model" value={config.model} note={aboutModel(config.model)} />
        <Fact label="Download, once" value={formatBytes(federation.modelBytes)} note="the model's files" />
        <Fact
          label="Rounds"
          value={`${status.round} of ${status.rounds}`}
          note={status.state === 'recruiting' ? `${status.ready} of ${status.recruit} people are ready` : undefined}
        />
        <Fact
          label="Each round, about"
          value={formatBytes(roundBytes(federation))}
          note={`up and down together, of ${formatCount(federation.layoutSize)} adapter parameters`}
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        <Pledge title="Stays in this tab" color="teal" mark="✓" items={strings.stays} />
        <Pledge title="Is sent to the coordinator" color="orange" mark="↑" items={strings.sent} />
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        {strings.honest}
      </Text>
    </Section>
  );
}

interface PledgeProps {
  readonly title: string;
  readonly color: string;
  readonly mark: string;
  readonly items: readonly string[];
}

function Pledge({ title, color, mark, items }: PledgeProps) {
  return (
    <Stack gap="xs">
      <Text fw={600}>{title}</Text>
      <List
        spacing={6}
        size="sm"
        center={false}
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
