import { SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { figure, layerName, ownedOf, strings } from '#strings/ledger.ts';
import type { ModuleView, TransferKind, TransferView } from '../../contract/ledger-api.ts';
import { formatCount, formatShare } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { HeatGrid } from '../../shared/ui/heat-grid.tsx';
import { Histogram } from './histogram.tsx';

const words = strings.view;
/** With more layers the picture has this height, and its numbers are in the table below. */
const MAX_ROWS = 8;
const HEIGHT = 320;

interface ValuesViewProps {
  readonly what: TransferKind;
  readonly view: TransferView;
}

/** What an upload or download says, for a person. */
export function ValuesView({ what, view }: ValuesViewProps) {
  const { dtype, count, size, norm, largest, histogram, modules } = view;
  const isMask = what === 'mask';
  const isDelta = what === 'delta';
  return (
    <Stack gap="md" data-testid="values-view">
      <Title order={3} size="h5">
        {words.title}
      </Title>
      <SimpleGrid cols={{ base: 2, sm: isMask ? 2 : 4 }} spacing="lg">
        <Fact
          label={isMask ? words.kept : words.values}
          value={formatCount(count)}
          note={size ? `${ownedOf(count, size)}, ${formatShare(count / size)}` : undefined}
        />
        {isMask ? null : (
          <>
            <Fact label={words.norm} value={figure(norm)} />
            <Fact label={isDelta ? words.largest : words.largestValue} value={figure(largest)} />
          </>
        )}
        {dtype ? <Fact label={words.dtype} value={dtype} note={words.dtypes[dtype]} /> : null}
      </SimpleGrid>
      {histogram ? <Histogram histogram={histogram} /> : null}
      {modules.length > 0 ? (
        <Modules modules={modules} isMask={isMask} caption={captionOf(what)} />
      ) : (
        <Text size="sm" c="dimmed">
          {words.unknown}
        </Text>
      )}
    </Stack>
  );
}

function captionOf(what: TransferKind): string {
  if (what === 'mask') return words.modulesMask;
  return what === 'delta' ? words.modulesDelta : words.modulesValues;
}

interface ModulesProps {
  readonly modules: readonly ModuleView[];
  readonly isMask: boolean;
  readonly caption: string;
}

function Modules({ modules, isMask, caption }: ModulesProps) {
  const layers = [...new Set(modules.map(({ layer }) => layer))];
  const names = [...new Set(modules.map(({ module }) => module))];
  const most = Math.max(...modules.map(({ norm }) => norm ?? 0)) || 1;
  const shareOf = (of: ModuleView) => (isMask ? of.count / of.size : (of.norm ?? 0) / most);
  const shares = layers.map((layer) =>
    names.map((name) => {
      const found = modules.find((each) => each.layer === layer && each.module === name);
      return found ? shareOf(found) : null;
    }),
  );
  return (
    <Stack gap="xs">
      <Title order={4} size="h6">
        {words.modules}
      </Title>
      <HeatGrid
        caption={words.modules}
        rows={layers.map(layerName)}
        columns={names.map((name) => name.replace('_proj', ''))}
        shares={shares}
        format={(share) => `${Math.round(100 * share)}`}
        legend={{ low: words.least, high: words.most }}
        {...(layers.length > MAX_ROWS ? { height: HEIGHT } : {})}
      />
      <Text size="xs" c="dimmed">
        {caption}
      </Text>
      <details>
        <summary>{words.asTable}</summary>
        <Table mt="xs" verticalSpacing={4} horizontalSpacing="xs" tabularNums fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{words.layer}</Table.Th>
              <Table.Th>{words.module}</Table.Th>
              <Table.Th ta="right">{words.values}</Table.Th>
              {isMask ? null : (
                <>
                  <Table.Th ta="right">{words.norm}</Table.Th>
                  <Table.Th ta="right">{words.largestValue}</Table.Th>
                </>
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {modules.map(({ layer, module, size, count, norm, largest }) => (
              <Table.Tr key={`${layer} ${module}`}>
                <Table.Td>{layer + 1}</Table.Td>
                <Table.Td>{module}</Table.Td>
                <Table.Td ta="right">{isMask ? ownedOf(count, size) : formatCount(count)}</Table.Td>
                {isMask ? null : (
                  <>
                    <Table.Td ta="right">{figure(norm)}</Table.Td>
                    <Table.Td ta="right">{figure(largest)}</Table.Td>
                  </>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </Stack>
  );
}
