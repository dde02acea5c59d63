import { Badge, Button, SimpleGrid, Stack, Text } from '@mantine/core';
import type { FederationSummary } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import {
  graphicsNote,
  maxWords,
  speedNote,
  speedValue,
  strings,
  threadsNote,
  wasmMemory,
} from '#strings/device-check.ts';
import type { DeviceReport, DeviceWish } from '../../contract/device-api.ts';
import { failureOf } from '../../contract/failure.ts';
import type { DeviceProbe } from '../../contract/probe-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';
import { probeQuery } from '../../shared/api/probe-query.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { verdictColors } from '../../shared/ui/verdict-colors.ts';
import { DeviceDetails } from './device-details.tsx';

interface DeviceCheckProps {
  readonly step: number;
  readonly wish: DeviceWish;
  readonly federation: FederationSummary;
}

/** What this device would compute with, how fast it is, and what it can hold: one line, and the rest for whoever opens it. */
export function DeviceCheck({ step, wish, federation }: DeviceCheckProps) {
  const { data: device, error } = useQuery({
    queryKey: ['device', wish],
    queryFn: async () => unwrap(await engine().describeDevice(wish)),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const probing = useQuery({ ...probeQuery(wish, federation), enabled: device !== undefined });
  const probe = probing.isFetching ? undefined : probing.data;
  const verdict = probe?.model.fit.verdict;
  const hasFailed = probing.isError && !probing.isFetching;
  return (
    <Section
      step={step}
      title={strings.title}
      aside={
        verdict ? (
          <Badge variant="light" size="lg" color={verdictColors[verdict]}>
            {strings[verdict]}
          </Badge>
        ) : null
      }
    >
      {error ? (
        <FailureAlert failure={failureOf(error)} title={strings.cannot} />
      ) : (
        <>
          <details>
            <summary data-testid="device">
              <DeviceLine device={device} probe={probe} hasFailed={hasFailed} />
            </summary>
            <Stack gap="md" mt="sm" align="flex-start">
              {device ? <DeviceFacts {...{ device, wish, probe, hasFailed }} /> : null}
              {probing.isError ? null : <Holds probe={probe} />}
              <DeviceDetails device={device} probe={probe} />
              <Button
                variant="default"
                size="xs"
                disabled={device === undefined}
                loading={probing.isFetching}
                onClick={() => void probing.refetch()}
              >
                {strings.again}
              </Button>
            </Stack>
          </details>
          {probe && verdict !== 'fits' ? <Text size="sm">{probe.model.fit.sentence}</Text> : null}
          {probing.error && !probing.isFetching ? (
            <FailureAlert failure={failureOf(probing.error)} title={strings.notMeasured} />
          ) : null}
        </>
      )}
    </Section>
  );
}

interface DeviceLineProps {
  readonly device: DeviceReport | undefined;
  readonly probe: DeviceProbe | undefined;
  readonly hasFailed: boolean;
}

/** "GPU · 600 GFLOP/s · like the GPU of a good laptop", as high before as afterwards. */
function DeviceLine({ device, probe, hasFailed }: DeviceLineProps) {
  if (!device) return strings.looking;
  return (
    <>
      <b>{strings.backends[device.backend]}</b>
      {` · ${probe ? speedValue(probe.speed) : hasFailed ? strings.speedUnknown : strings.measuring}`}
      {probe ? <Text span visibleFrom="xs">{` · ${speedNote(probe.speed)}`}</Text> : null}
    </>
  );
}

interface DeviceFactsProps extends DeviceLineProps {
  readonly device: DeviceReport;
  readonly wish: DeviceWish;
}

function DeviceFacts({ device, wish, probe, hasFailed }: DeviceFactsProps) {
  return (
    <>
      <Text size="sm">{device.reason}</Text>
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="lg" w="100%" data-testid="device-facts">
        <Fact label={strings.computes} value={strings.backends[device.backend]} note={deviceNote(device, wish)} />
        <SpeedFact probe={probe} failed={hasFailed} />
        <MemoryFact device={device} />
        <Fact
          label={strings.storage}
          value={device.storage === null ? strings.unknown : formatBytes(device.storage)}
          note={strings.storageNote}
        />
      </SimpleGrid>
    </>
  );
}

function deviceNote({ backend, description, threads, crossOriginIsolated }: DeviceReport, wish: DeviceWish): string {
  if (backend !== 'wasm') return graphicsNote(description);
  return threadsNote({ threads, isolated: crossOriginIsolated, asked: wish.threads !== undefined });
}

function SpeedFact({ probe, failed }: { readonly probe: DeviceProbe | undefined; readonly failed: boolean }) {
  if (probe) return <Fact label={strings.speed} value={speedValue(probe.speed)} note={speedNote(probe.speed)} />;
  if (failed) return <Fact label={strings.speed} value={strings.unknown} />;
  return <Fact label={strings.speed} value={strings.measuring} note={strings.takesASecond} />;
}

function MemoryFact({ device: { graphicsMemory } }: { readonly device: DeviceReport }) {
  return graphicsMemory === null ? (
    <Fact label={strings.memory} value={wasmMemory} note={strings.processorNote} />
  ) : (
    <Fact label={strings.memory} value={formatBytes(graphicsMemory)} note={strings.graphicsNote} />
  );
}

/** Whether the federation's model fits, and what would. */
function Holds({ probe }: { readonly probe: DeviceProbe | undefined }) {
  const verdict = probe?.model.fit.verdict;
  return (
    <Stack gap={6} data-testid="device-holds" data-verdict={verdict}>
      <Text component="h3" fw={600} m={0}>
        {strings.thisModel}
      </Text>
      {/* What does not fit well is said below, in the open. */}
      {verdict === undefined || verdict === 'fits' ? (
        <Text size="sm">{probe ? probe.model.fit.sentence : strings.checking}</Text>
      ) : null}
      {probe ? (
        <Text size="sm" c="dimmed">
          {maxWords(probe.most)}
        </Text>
      ) : null}
    </Stack>
  );
}
