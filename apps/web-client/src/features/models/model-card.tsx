import { Anchor, Badge, Button, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useId } from 'react';
import { actOn, labelled, strings } from '#strings/models.ts';
import { precisionNames } from '#strings/precisions.ts';
import type { CatalogueEntry } from '../../contract/catalogue-api.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { NeedsLines } from './needs-lines.tsx';
import { needsAt, type PrecisionWish } from './precision.ts';

const words = strings.catalogue;

interface ModelCardProps {
  readonly entry: CatalogueEntry;
  readonly precision: PrecisionWish;
  readonly mirrored: boolean;
  readonly kept: boolean;
  readonly isOpen: boolean;
  /** Why it cannot be opened from here; null where it can. */
  readonly obstacle: string | null;
  readonly busy: boolean;
  readonly onOpen: () => void;
}

/** One model of the catalogue: what it is, what it takes, whether that fits. */
export function ModelCard({ entry, precision, mirrored, kept, isOpen, obstacle, busy, onOpen }: ModelCardProps) {
  const { name, licence, goodAt, languages, downloadBytes } = entry;
  const needs = needsAt(entry.needs, precision);
  const titleId = useId();
  const whyId = useId();
  return (
    <Paper
      component="article"
      aria-labelledby={titleId}
      withBorder
      radius="md"
      p="md"
      data-testid={`model-${entry.id}`}
    >
      <Stack gap="sm" h="100%">
        <Title order={3} size="h4" id={titleId}>
          {name}
        </Title>
        {mirrored || kept || licence.gated ? (
          <Group gap={6}>
            {mirrored ? <Badge variant="light">{words.mirrored}</Badge> : null}
            {kept ? <Badge variant="light">{words.kept}</Badge> : null}
            {licence.gated ? (
              <Badge variant="light" color="gray">
                {words.gated}
              </Badge>
            ) : null}
          </Group>
        ) : null}
        <Text size="sm">{goodAt}</Text>
        <Text size="sm" c="dimmed">
          {labelled(words.languages, languages)}
        </Text>
        <SimpleGrid cols={3} spacing="xs">
          <Fact label={words.download} value={<Figure>{formatBytes(downloadBytes)}</Figure>} />
          <Fact
            label={words.weights}
            value={<Figure>{formatBytes(needs.weightBytes)}</Figure>}
            note={precisionNames[needs.precision]}
          />
          <Fact
            label={words.context}
            value={<Figure>{formatCount(entry.needs.contextLength)}</Figure>}
            note={words.tokens}
          />
        </SimpleGrid>
        <NeedsLines needs={needs} />
        <Group gap="sm" mt="auto" justify="space-between" align="center">
          <Button
            size="xs"
            aria-label={actOn(words.open, name)}
            aria-describedby={obstacle ? whyId : undefined}
            disabled={obstacle !== null || isOpen || busy}
            onClick={onOpen}
          >
            {isOpen ? words.isOpen : words.open}
          </Button>
          <Anchor href={licence.url} size="sm" target="_blank" rel="noreferrer">
            {labelled(words.licence, licence.name)}
          </Anchor>
        </Group>
        {obstacle ? (
          <Text size="xs" c="dimmed" id={whyId}>
            {obstacle}
          </Text>
        ) : null}
      </Stack>
    </Paper>
  );
}

/** Three of them stand side by side on a narrow screen. */
function Figure({ children }: { readonly children: string }) {
  return (
    <Text span size="md" fw={600}>
      {children}
    </Text>
  );
}
