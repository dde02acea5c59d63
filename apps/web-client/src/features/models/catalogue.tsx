import { SimpleGrid, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { reckonedFor, strings } from '#strings/models.ts';
import type { CatalogueEntry } from '../../contract/catalogue-api.ts';
import type { BackendChoice } from '../../contract/device-api.ts';
import type { ModelWish } from '../../contract/models-api.ts';
import { nameOfOrigin } from '../../contract/name-of-origin.ts';
import { modelListQuery } from '../../shared/api/models.ts';
import { Section } from '../../shared/ui/section.tsx';
import { ModelCard } from './model-card.tsx';
import { type PrecisionWish, precisionOf } from './precision.ts';
import { PrecisionChoice } from './precision-choice.tsx';
import { catalogueQuery, storageQuery } from './queries.ts';
import { isSameModel } from './same-model.ts';
import type { OpenState } from './use-open-model.ts';

interface CatalogueProps {
  readonly backend: BackendChoice;
  readonly precision: PrecisionWish;
  readonly onPrecision: (precision: PrecisionWish) => void;
  readonly state: OpenState;
  readonly onOpen: (wish: ModelWish) => void;
}

/** The models that are known to work, and what each would take of this device. */
export function Catalogue({ backend, precision, onPrecision, state, onOpen }: CatalogueProps) {
  const { data, error } = useQuery(catalogueQuery(backend));
  const mirror = useQuery(modelListQuery).data;
  const storage = useQuery(storageQuery).data;

  const cardOf = (entry: CatalogueEntry) => {
    const { repository } = entry;
    const mirrored = mirror?.models.find(({ id }) => isSameModel(repository, id)) ?? null;
    const kept = storage?.models.find(({ name }) => isSameModel(repository, name)) ?? null;
    const isKept = kept !== null && kept.storedBytes >= kept.bytes;
    const origin = mirrored
      ? ({ kind: 'mirror', id: mirrored.id } as const)
      : ({ kind: 'hub', repository, ...(isKept && kept.origin === 'hub' ? { revision: kept.revision } : {}) } as const);
    const isReachable = mirrored !== null || (isKept && kept.origin === 'hub') || (mirror?.hub ?? false);
    const needsToken = entry.licence.gated && mirrored === null && !isKept;
    return (
      <ModelCard
        key={entry.id}
        entry={entry}
        precision={precision}
        mirrored={mirrored !== null}
        kept={isKept}
        isOpen={state.kind === 'open' && isSameModel(repository, state.model.name)}
        obstacle={isReachable ? (needsToken ? strings.catalogue.needsToken : null) : strings.catalogue.closedHub}
        busy={state.kind === 'loading' && nameOfOrigin(state.wish.origin) === nameOfOrigin(origin)}
        onOpen={() => onOpen({ origin, ...precisionOf(precision) })}
      />
    );
  };
  // What is wrong with the device is said where the device is.
  if (error) return null;
  return (
    <Section title={strings.catalogue.title} lead={strings.catalogue.lead}>
      {data ? (
        <>
          <PrecisionChoice value={precision} onChange={onPrecision} />
          <Text size="sm" c="dimmed">
            {reckonedFor(data.reckoned)}
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="md">
            {data.models.map(cardOf)}
          </SimpleGrid>
        </>
      ) : (
        <Skeleton height={320} radius="md" />
      )}
    </Section>
  );
}
