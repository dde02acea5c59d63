import { SimpleGrid, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { about, strings } from '#strings/models.ts';
import type { BackendChoice } from '../../contract/device-api.ts';
import { failureOf } from '../../contract/failure.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { catalogueQuery } from './queries.ts';

const words = strings.device;

/** What models would run on here, and how much memory is counted on. */
export function ThisDevice({ backend }: { readonly backend: BackendChoice }) {
  const { data, error } = useQuery(catalogueQuery(backend));
  return (
    <Section title={words.title} lead={data?.device.reason ?? words.looking}>
      {error ? <FailureAlert failure={failureOf(error)} title={words.failed} /> : null}
      {data ? (
        <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="lg" data-testid="model-device">
          <Fact label={words.computes} value={words.backends[data.device.backend]} note={data.device.description} />
          <Fact
            label={words.memory}
            value={data.budget === null ? words.noGraphics : about(formatBytes(data.budget))}
            note={data.budget === null ? words.noGraphicsNote : words.memoryNote}
          />
          <Fact
            label={words.storage}
            value={data.device.storage === null ? words.unknown : formatBytes(data.device.storage)}
            note={words.storageNote}
          />
        </SimpleGrid>
      ) : error ? null : (
        <Skeleton height={72} radius="md" />
      )}
    </Section>
  );
}
