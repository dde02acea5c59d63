import { Stack, Text } from '@mantine/core';
import { layerName, ownedOf, strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { formatShare } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { HeatGrid } from '../../shared/ui/heat-grid.tsx';

/** What the search chose: how much, and where. */
export function MaskMap({ session }: { readonly session: SessionState }) {
  const { kept, size, densityMap, adapted } = session;
  const isFound = kept !== null && size;
  const densities = densityMap.map(({ density }) => density);
  const isEven = densities.length > 0 && Math.max(...densities) - Math.min(...densities) < 0.01;
  const layers = Array.from({ length: adapted?.layers ?? 0 }, (_, layer) => layer);
  const shares = layers.map((layer) =>
    (adapted?.modules ?? []).map(
      (module) => densityMap.find((cell) => cell.layer === layer && cell.module === module)?.density ?? null,
    ),
  );
  return (
    <Stack gap="md">
      <Fact
        label={strings.owned}
        value={isFound ? ownedOf(kept, size) : strings.notChosen}
        note={isFound ? formatShare(kept / size) : strings.chosenLater}
      />
      <HeatGrid
        caption={strings.maskTable}
        rows={layers.map(layerName)}
        columns={(adapted?.modules ?? []).map((module) => module.replace('_proj', ''))}
        shares={shares}
        format={(share) => `${Math.round(100 * share)}`}
        legend={{ low: strings.none, high: strings.all }}
        height={272}
        empty={densityMap.length ? null : strings.noMask}
      />
      <Text size="xs" c="dimmed">
        {isEven ? strings.evenMask : strings.maskCaption}
      </Text>
    </Stack>
  );
}
