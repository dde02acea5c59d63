import { SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import type { FederationDetail, MaskAtlas } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { groupName, tooFewMasks, atlasStrings as words } from '#strings/operator.ts';
import { layerName } from '#strings/session-view.ts';
import { failureOf } from '../../contract/failure.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { HeatGrid } from '../../shared/ui/heat-grid.tsx';
import { atlasQuery } from './admin-api.ts';

/** What the masks have in common, never of a single client. */
export function MaskAtlasView({ detail }: { readonly detail: FederationDetail }) {
  // A mask that has come shows in a client's figures before anything else of it is told.
  const masks = detail.clients.filter(({ kept }) => kept !== null).length;
  const { data, error } = useQuery(atlasQuery(detail.id, masks));
  if (error && !data) return <FailureAlert failure={failureOf(error)} />;
  if (!data) return <Skeleton height={160} />;
  if (!data.groups.length) return <Text c="dimmed">{tooFewMasks(data)}</Text>;
  return <Groups atlas={data} />;
}

function Groups({ atlas }: { readonly atlas: MaskAtlas }) {
  const names = atlas.groups.map(({ clients }, i) => groupName(i, clients));
  const layers = Array.from({ length: atlas.layers }, (_, layer) => layerName(layer));
  const percent = (share: number) => `${Math.round(100 * share)}`;
  return (
    <Stack gap="lg">
      <HeatGrid caption={words.overlap} rows={names} columns={names} shares={atlas.overlap} format={percent} />
      <Text size="sm" c="dimmed">
        {words.overlapCaption}
      </Text>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
        {atlas.groups.map(({ density }, i) => (
          <div key={names[i]}>
            <Text component="h3" size="sm" fw={600} mb="xs">
              {names[i]}
            </Text>
            <HeatGrid
              caption={`${words.density}: ${names[i]}`}
              rows={layers}
              columns={atlas.modules.map((module) => module.replace('_proj', ''))}
              shares={density}
              format={percent}
              legend={{ low: words.nothingKept, high: words.allKept }}
              height={272}
            />
          </div>
        ))}
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        {words.densityCaption}
      </Text>
    </Stack>
  );
}
