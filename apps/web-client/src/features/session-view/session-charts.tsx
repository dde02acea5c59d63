import { SimpleGrid, Stack, Table, Text, useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';
import { strings } from '#strings/session-view.ts';
import { LineChart } from '../../shared/charts/line-chart.tsx';
import {
  formatBytes,
  formatCount,
  formatPerplexity,
  formatSeconds,
  formatShare,
} from '../../shared/format/format-number.ts';
import { describeModule } from '../../shared/session/describe-module.ts';
import type { RoundState, SessionState } from '../../shared/session/session-state.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { HeatGrid } from '../../shared/ui/heat-grid.tsx';
import { Section } from '../../shared/ui/section.tsx';

const palette = {
  light: { warm: '#adb5bd', tuning: '#0b7285', base: '#868e96', received: '#e8590c', tuned: '#0b7285' },
  dark: { warm: '#696969', tuning: '#3bc9db', base: '#909296', received: '#ffa94d', tuned: '#3bc9db' },
} as const;

/** The figures of a session: loss, perplexity, mask, bytes. */
export function SessionCharts({ session }: { readonly session: SessionState }) {
  const colors = palette[useComputedColorScheme('light')];
  return (
    <>
      <Section title={strings.perplexity} lead={strings.perplexityLead}>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
          <PerplexityChart session={session} colors={colors} />
          <RoundTable session={session} />
        </SimpleGrid>
        <ModuleNote session={session} />
      </Section>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Section title={strings.loss} lead={strings.lossLead}>
          <LossChart session={session} colors={colors} />
        </Section>
        <Section title={strings.mask} lead={strings.maskLead}>
          <MaskFigures session={session} />
        </Section>
      </SimpleGrid>
      <Section title={strings.figures}>
        <Figures session={session} />
      </Section>
    </>
  );
}

interface ChartProps {
  readonly session: SessionState;
  readonly colors: (typeof palette)[keyof typeof palette];
}

function PerplexityChart({ session, colors }: ChartProps) {
  const rounds = session.rounds.filter(({ received, tuned }) => received !== null || tuned !== null);
  return (
    <LineChart
      label={describeGain(session)}
      xLabel="round"
      wholeX
      points
      x={rounds.map(({ number }) => number)}
      series={[
        { label: 'base', color: colors.base, dashed: true, values: rounds.map(() => session.basePerplexity) },
        { label: 'received', color: colors.received, values: rounds.map(({ received }) => received) },
        { label: 'tuned', color: colors.tuned, values: rounds.map(({ tuned }) => tuned) },
      ]}
      empty={strings.noFigures}
    />
  );
}

/** For those who cannot see the chart. */
function describeGain({ basePerplexity, rounds }: SessionState): string {
  const last = rounds.findLast(({ tuned }) => tuned !== null);
  return last
    ? `Perplexity by round. Base ${formatPerplexity(basePerplexity)}, after round ${last.number} tuned ${formatPerplexity(last.tuned)}.`
    : 'Perplexity by round. No figures yet.';
}

function LossChart({ session, colors }: ChartProps) {
  const { losses } = session;
  const x = useMemo(() => losses.map((_, i) => i + 1), [losses]);
  const last = losses.at(-1);
  return (
    <LineChart
      label={last ? `Training loss by step, ${last.loss.toFixed(2)} at the last one` : 'Training loss by step'}
      xLabel="step"
      wholeX
      x={x}
      series={[
        {
          label: 'warm-up, to find the mask',
          color: colors.warm,
          values: losses.map(({ part, loss }) => (part === 'warm-up' ? loss : null)),
        },
        {
          label: 'tuning',
          color: colors.tuning,
          values: losses.map(({ part, loss }) => (part === 'tuning' ? loss : null)),
        },
      ]}
      empty={strings.noFigures}
    />
  );
}

function RoundTable({ session }: { readonly session: SessionState }) {
  return (
    <Table.ScrollContainer minWidth={340}>
      <Table verticalSpacing={6} tabularNums data-testid="rounds">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Round</Table.Th>
            <Table.Th ta="right">Base</Table.Th>
            <Table.Th ta="right">Received</Table.Th>
            <Table.Th ta="right">Tuned</Table.Th>
            <Table.Th ta="right">Time</Table.Th>
            <Table.Th>Outcome</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {session.rounds.map((round) => (
            <Table.Tr key={`${round.number}.${round.attempt}`}>
              <Table.Td>{round.attempt > 1 ? `${round.number} (${round.attempt})` : round.number}</Table.Td>
              <Table.Td ta="right">{formatPerplexity(session.basePerplexity)}</Table.Td>
              <Table.Td ta="right">{formatPerplexity(round.received)}</Table.Td>
              <Table.Td ta="right" fw={600}>
                {formatPerplexity(round.tuned)}
              </Table.Td>
              <Table.Td ta="right">
                {round.endedAt === null ? '–' : formatSeconds((round.endedAt - round.startedAt) / 1000)}
              </Table.Td>
              <Table.Td title={round.reason ?? undefined}>{outcomeWord(round)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {session.rounds.length ? null : (
        <Text size="sm" c="dimmed" p="xs">
          {strings.noFigures}
        </Text>
      )}
    </Table.ScrollContainer>
  );
}

/** The table's last row is not always what the person is left with. */
function ModuleNote({ session }: { readonly session: SessionState }) {
  const note = describeModule(session);
  return note ? (
    <Text maw={720} data-testid="module">
      {note}
    </Text>
  ) : null;
}

function outcomeWord({ outcome, reason }: RoundState): string {
  if (outcome === 'open') return 'running';
  return outcome === 'committed' ? 'done' : `failed${reason ? `: ${reason}` : ''}`;
}

function MaskFigures({ session }: { readonly session: SessionState }) {
  const { kept, size, densityMap } = session;
  const densities = densityMap.map(({ density }) => density);
  const isEven = densities.length > 0 && Math.max(...densities) - Math.min(...densities) < 0.01;
  const layers = [...new Set(densityMap.map(({ layer }) => layer))];
  const modules = [...new Set(densityMap.map(({ module }) => module))];
  const shares = layers.map((layer) =>
    modules.map((module) => densityMap.find((cell) => cell.layer === layer && cell.module === module)?.density ?? null),
  );
  return (
    <Stack gap="md">
      <Fact
        label="Parameters you own"
        value={kept === null || !size ? 'not chosen yet' : `${formatCount(kept)} of ${formatCount(size)}`}
        note={kept === null || !size ? 'the search in the first round chooses them' : formatShare(kept / size)}
      />
      {isEven ? <Text size="sm">{strings.evenMask}</Text> : null}
      {densityMap.length && !isEven ? (
        <HeatGrid
          caption="Density of your mask by layer and module"
          rows={layers.map((layer) => `layer ${layer + 1}`)}
          columns={modules.map((module) => module.replace('_proj', ''))}
          shares={shares}
          format={(share) => `${Math.round(100 * share)}`}
        />
      ) : null}
    </Stack>
  );
}

const backendNames = { webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'JavaScript' } as const;

function Figures({ session }: { readonly session: SessionState }) {
  const { examples, backend, device, tokensPerSecond } = session;
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="lg">
      <Fact label="Sent" value={formatBytes(session.bytesUp)} note="see the ledger for each message" />
      <Fact label="Received" value={formatBytes(session.bytesDown)} note="without the model's files" />
      <Fact
        label="Examples"
        value={examples ? formatCount(examples.training) : '–'}
        note={examples ? `and ${formatCount(examples.heldOut)} held out` : undefined}
      />
      <Fact label="Computes on" value={backend ? backendNames[backend] : '–'} note={device?.description} />
      <Fact
        label="Speed"
        value={tokensPerSecond === null ? '–' : `${formatCount(Math.round(tokensPerSecond))} tokens/s`}
        note="while tuning"
      />
    </SimpleGrid>
  );
}
