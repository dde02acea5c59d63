import { Button, Group, Loader, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { limitsLine, strings } from '#strings/bench.ts';
import type { BenchReport } from '../../contract/device-api.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import { engine, telling, unwrap } from '../../shared/api/engine-client.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { saveFile } from '../../shared/ui/save-file.ts';
import { Section } from '../../shared/ui/section.tsx';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly part: string }
  | { readonly kind: 'done'; readonly report: BenchReport }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Measures this browser's graphics processor, on demand. */
export function Bench() {
  const [state, setState] = useState<State>({ kind: 'idle' });

  async function run() {
    setState({ kind: 'running', part: '' });
    try {
      const onText = (part: string) => setState({ kind: 'running', part });
      setState({ kind: 'done', report: unwrap(await telling(onText, (tell) => engine().bench(tell))) });
    } catch (error) {
      setState({ kind: 'failed', failure: failureOf(error) });
    }
  }

  const isRunning = state.kind === 'running';
  return (
    <Stack gap="lg">
      <Stack gap="xs" maw={760}>
        <Title order={1}>{strings.title}</Title>
        <Text size="lg" c="dimmed">
          {strings.lead}
        </Text>
      </Stack>
      <Section title={strings.measure}>
        <Group>
          <Button onClick={() => void run()} disabled={isRunning}>
            {state.kind === 'idle' || isRunning ? strings.start : strings.again}
          </Button>
          {state.kind === 'done' ? (
            <Button variant="default" onClick={() => save(state.report)}>
              {strings.save}
            </Button>
          ) : null}
        </Group>
        <Group gap="xs" role="status" mih={24}>
          {isRunning ? <Loader size="xs" /> : null}
          {isRunning ? <Text size="sm">{state.part}</Text> : null}
        </Group>
        {state.kind === 'failed' ? <FailureAlert failure={state.failure} /> : null}
      </Section>
      {state.kind === 'done' ? <Figures report={state.report} /> : null}
    </Stack>
  );
}

function save(report: BenchReport): void {
  const text = `${JSON.stringify({ machine: navigator.userAgent, ...report }, null, 2)}\n`;
  saveFile('perfit-bench.json', new TextEncoder().encode(text), 'application/json');
}

function Figures({ report }: { readonly report: BenchReport }) {
  const { adapter, limits, step, decode, ops, ways } = report;
  return (
    <>
      <Section title={strings.limits} lead={adapter.description || adapter.architecture || adapter.vendor}>
        <Text>{limitsLine(figure(limits.fmaGflops), figure(limits.copyGBps))}</Text>
      </Section>
      <Section title={strings.steps}>
        <FigureTable
          head={strings.stepColumns}
          rows={step.map((of) => [
            `${of.model} ${of.precision}`,
            `${of.B} × ${of.T}`,
            figure(of.tokensPerSecond),
            of.composed ? figure(of.composed.tokensPerSecond) : '–',
            of.composed ? `${of.composed.ratio.toFixed(2)} ×` : '–',
            `${of.dispatches.layerForward} / ${of.dispatches.layerBackward} / ${of.dispatches.outside}`,
            figure(of.peakBytes / 1e6),
            figure(of.predictedBytes / 1e6),
          ])}
        />
      </Section>
      <Section title={strings.generation}>
        <FigureTable
          head={strings.decodeColumns}
          rows={decode.map((of) => [
            `${of.model} ${of.precision}`,
            figure(of.prefillTokensPerSecond),
            figure(of.decodeTokensPerSecond),
            percent(of.shareOfLimit),
          ])}
        />
      </Section>
      <Section title={strings.ops}>
        <FigureTable
          head={strings.opColumns}
          rows={ops.map((op) => [
            op.name,
            op.shape,
            op.milliseconds.toPrecision(3),
            figure(op.gflops),
            figure(op.gbps),
            percent(op.shareOfLimit),
            op.composedRatio === null ? '–' : `${op.composedRatio.toFixed(2)} ×`,
          ])}
        />
      </Section>
      <Section title={strings.ways}>
        <FigureTable
          head={strings.wayColumns}
          rows={ways.map(({ name, shape, way, isChosen, milliseconds, ratio }) => [
            name,
            isChosen ? `${way} (${strings.chosen})` : way,
            shape,
            milliseconds.toPrecision(3),
            `${ratio.toFixed(2)} ×`,
          ])}
        />
      </Section>
    </>
  );
}

function FigureTable({ head, rows }: { readonly head: readonly string[]; readonly rows: readonly string[][] }) {
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table verticalSpacing={6} tabularNums>
        <Table.Thead>
          <Table.Tr>
            {head.map((title) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.slice(0, 2).join()}>
              {row.map((cell, column) => (
                <Table.Td key={head[column]}>{cell}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
