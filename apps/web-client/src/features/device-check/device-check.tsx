import { SimpleGrid, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { DeviceReport, DeviceWish } from '../../engine/engine-api.ts';
import { engine, unwrap } from '../../shared/engine-client/engine-client.ts';
import { failureOf } from '../../shared/failure/failure.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { FailureAlert } from '../../shared/notices/failure-alert.tsx';
import { Fact } from '../../shared/ui/fact.tsx';
import { Section } from '../../shared/ui/section.tsx';

const backendNames = {
  webgpu: 'Graphics processor (WebGPU)',
  wasm: 'Processor (WebAssembly)',
  cpu: 'Plain JavaScript',
} as const;

/** What this device would compute with, and why. */
export function DeviceCheck({ step, wish }: { readonly step: number; readonly wish: DeviceWish }) {
  const { data, error } = useQuery({
    queryKey: ['device', wish],
    queryFn: async () => unwrap(await engine().describeDevice(wish)),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return (
    <Section step={step} title="Your device" lead={data?.reason ?? 'Looking at what this device can do.'}>
      {error ? <FailureAlert failure={failureOf(error)} title="This device cannot take part" /> : null}
      {data ? (
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="lg" data-testid="device">
          <Fact label="Computes on" value={backendNames[data.backend]} note={data.description} />
          <Fact
            label="Processor"
            value={`${data.cores} ${data.cores === 1 ? 'core' : 'cores'}`}
            note={threadsWord(data, wish.threads)}
          />
          <Fact
            label="Room to keep things"
            value={data.storage === null ? 'unknown' : formatBytes(data.storage)}
            note="in this browser"
          />
        </SimpleGrid>
      ) : error ? null : (
        <Skeleton height={58} radius="md" />
      )}
    </Section>
  );
}

function threadsWord({ backend, threads, crossOriginIsolated }: DeviceReport, wanted: number | undefined): string {
  if (backend !== 'wasm') return 'not needed for tuning';
  if (!crossOriginIsolated) return 'one is used: this page is not isolated';
  if (wanted === undefined && threads === 1) return 'one is used: small models gain nothing from more';
  return threads === 1 ? 'one is used' : `${threads} are used`;
}
