import { Badge, Button, Group, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
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
import classes from './device-check.module.css';
import { DeviceDetails } from './device-details.tsx';

interface DeviceCheckProps {
  readonly step: number;
  readonly wish: DeviceWish;
  readonly federation: FederationSummary;
}

/** What this device would compute with, how fast it is, and what it can hold. */
export function DeviceCheck({ step, wish, federation }: DeviceCheckProps) {
  const { data: device, error } = useQuery({
    queryKey: ['device', wish],
    queryFn: async () => unwrap(await engine().describeDevice(wish)),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const probing = useQuery({ ...probeQuery(wish, federation), enabled: device !== undefined });
  const probe = probing.isFetching ? undefined : probing.data;
  return (
    <Section
      step={step}
      title={strings.title}
      lead={device?.reason ?? strings.looking}
      aside={
        <Button
          variant="default"
          size="xs"
          disabled={device === undefined}
          loading={probing.isFetching}
          onClick={() => void probing.refetch()}
        >
          {strings.again}
        </Button>
      }
    >
      {error ? <FailureAlert failure={failureOf(error)} title={strings.cannot} /> : null}
      {error ? null : (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="lg" className={classes.facts} data-testid="device">
          {device ? (
            <>
              <Fact label={strings.computes} value={strings.backends[device.backend]} note={deviceNote(device, wish)} />
              <SpeedFact probe={probe} failed={probing.isError && !probing.isFetching} />
              <MemoryFact device={device} />
              <Fact
                label={strings.storage}
                value={device.storage === null ? strings.unknown : formatBytes(device.storage)}
                note={strings.storageNote}
              />
            </>
          ) : (
            <Skeleton height={58} radius="md" className={classes.wide} />
          )}
        </SimpleGrid>
      )}
      {probing.error && !probing.isFetching ? (
        <FailureAlert failure={failureOf(probing.error)} title={strings.notMeasured} />
      ) : null}
      {error || probing.isError ? null : <Holds probe={probe} />}
      {error ? null : <DeviceDetails device={device} probe={probe} />}
    </Section>
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

const colours = { fits: 'teal', tight: 'yellow', 'too large': 'red' } as const;

/** Whether the federation's model fits, and what would. */
function Holds({ probe }: { readonly probe: DeviceProbe | undefined }) {
  return (
    <Stack gap={6} className={classes.holds} data-testid="device-holds" data-verdict={probe?.model.fit.verdict}>
      <Group gap="sm">
        <Text component="h3" fw={600} m={0}>
          {strings.thisModel}
        </Text>
        {probe ? (
          <Badge variant="light" color={colours[probe.model.fit.verdict]}>
            {strings[probe.model.fit.verdict]}
          </Badge>
        ) : null}
      </Group>
      <Text size="sm">{probe ? probe.model.fit.sentence : strings.checking}</Text>
      {probe ? (
        <Text size="sm" c="dimmed">
          {maxWords(probe.most)}
        </Text>
      ) : (
        <Skeleton height={14} width="60%" mt={4} />
      )}
    </Stack>
  );
}
