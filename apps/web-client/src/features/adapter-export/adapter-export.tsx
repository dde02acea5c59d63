import { Button, Group, Progress, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { bytesOf, formatStrings, strings } from '#strings/adapter-export.ts';
import type { ExportFormat } from '../../contract/exports-api.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import { engine, telling, unwrap } from '../../shared/api/engine-client.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { useTouch } from '../../shared/ui/use-touch.ts';
import { Elsewhere } from './elsewhere.tsx';
import { FormatChoice } from './format-choice.tsx';
import { WrittenFiles } from './written-files.tsx';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'writing'; readonly bytes: number; readonly total: number }
  | { readonly kind: 'written'; readonly files: readonly File[] }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** [PF9] The personal model as files, in the form that the person's tools open. */
export function AdapterExport({ ready }: { readonly ready: boolean }) {
  // There is no terminal on a phone.
  const isTouch = useTouch();
  const [format, setFormat] = useState<ExportFormat>('adapter');
  const [state, setState] = useState<State>({ kind: 'idle' });
  const { data, error } = useQuery({
    queryKey: ['export-choices'],
    queryFn: async () => unwrap(await engine().exportChoices()),
    enabled: ready,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  const isWriting = state.kind === 'writing';
  const choice = data?.choices.find((one) => one.format === format);

  const choose = (chosen: ExportFormat) => {
    setFormat(chosen);
    setState({ kind: 'idle' });
  };
  const write = async () => {
    setState({ kind: 'writing', bytes: 0, total: choice?.files.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0 });
    try {
      const onProgress = (bytes: number, total: number) => setState({ kind: 'writing', bytes, total });
      const files = unwrap(await telling(onProgress, (tell) => engine().exportAs(format, tell)));
      setState(files ? { kind: 'written', files } : { kind: 'cancelled' });
    } catch (thrown) {
      setState({ kind: 'failed', failure: failureOf(thrown) });
    }
  };

  const expire = useCallback(() => {
    setState({ kind: 'idle' });
    void engine().forgetExports();
  }, []);

  if (!ready && !data) {
    return (
      <Text c="dimmed" p="md">
        {strings.notYet}
      </Text>
    );
  }
  return (
    <Section title={strings.title} lead={strings.lead}>
      {error ? <FailureAlert failure={failureOf(error)} title={strings.sizesFailed} /> : null}
      {ready && !data && !error ? <Skeleton height={150} radius="md" /> : null}
      {data ? <FormatChoice choices={data.choices} value={format} disabled={isWriting} onChange={choose} /> : null}
      <Group gap="md">
        <Button onClick={() => void write()} loading={isWriting} disabled={!choice || choice.failure !== null}>
          {formatStrings[format].button}
        </Button>
        {isWriting ? (
          <Button variant="default" onClick={() => void engine().cancelExport()}>
            {strings.cancel}
          </Button>
        ) : null}
        <Text size="sm" c="dimmed" role="status">
          {state.kind === 'cancelled' ? strings.cancelled : ''}
        </Text>
      </Group>
      {isWriting ? (
        <Stack gap={4}>
          <Progress value={state.total ? (100 * state.bytes) / state.total : 0} aria-label={strings.writing} />
          <Text size="sm" c="dimmed">
            {bytesOf(formatBytes(state.bytes), formatBytes(state.total))}
          </Text>
        </Stack>
      ) : null}
      {state.kind === 'failed' ? <FailureAlert failure={state.failure} title={strings.failed} /> : null}
      {state.kind === 'written' ? <WrittenFiles files={state.files} onExpired={expire} /> : null}
      {data && choice && !choice.failure && !isTouch ? <Elsewhere choice={choice} choices={data} /> : null}
    </Section>
  );
}
