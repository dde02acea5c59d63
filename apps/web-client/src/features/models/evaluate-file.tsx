import { Button, FileButton, Group, NumberInput, Progress, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { strings } from '#strings/models.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import type { Evaluation } from '../../contract/models-api.ts';
import { engine, telling, unwrap } from '../../shared/api/engine-client.ts';
import { formatCount, formatPerplexity, formatShare } from '../../shared/format/format-number.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';

const words = strings.evaluation;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly which: string; readonly share: number }
  | { readonly kind: 'done'; readonly file: string; readonly rows: readonly Row[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

interface Row {
  readonly which: string;
  readonly evaluation: Evaluation;
}

interface EvaluateFileProps {
  readonly adapter: string | null;
  readonly contextLength: number;
}

/** Perplexity of the open model on a file, without its adapter and with it. */
export function EvaluateFile({ adapter, contextLength }: EvaluateFileProps) {
  const [file, setFile] = useState<File | null>(null);
  const [maxLength, setMaxLength] = useState(Math.min(512, contextLength));
  const [state, setState] = useState<State>({ kind: 'idle' });

  const run = async (content: File) => {
    const rows: Row[] = [];
    try {
      for (const which of adapter ? [null, adapter] : [null]) {
        const name = which === null ? words.without : words.with;
        setState({ kind: 'running', which: name, share: 0 });
        const onProgress = (done: number, of: number) =>
          setState({ kind: 'running', which: name, share: of > 0 ? done / of : 0 });
        const wish = { name: content.name, content, maxLength, adapted: which !== null };
        const outcome = await telling(onProgress, (tell) => engine().evaluate(wish, tell));
        rows.push({ which: name, evaluation: unwrap(outcome) });
      }
      setState({ kind: 'done', file: content.name, rows });
    } catch (error) {
      setState({ kind: 'failed', failure: failureOf(error) });
    }
  };
  const isRunning = state.kind === 'running';
  return (
    <Section title={words.title} lead={words.lead}>
      <Stack gap="md">
        <Group gap="sm">
          <FileButton
            onChange={(chosen) => chosen && setFile(chosen)}
            accept=".jsonl,.json,.csv,.tsv,.txt,.md"
            inputProps={{ 'data-testid': 'evaluation-file' } as object}
          >
            {(props) => (
              <Button {...props} variant="default">
                {words.choose}
              </Button>
            )}
          </FileButton>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {file?.name ?? words.formats}
          </Text>
        </Group>
        <NumberInput
          maw={260}
          label={words.maxLength}
          description={words.maxLengthHint}
          min={16}
          max={contextLength}
          clampBehavior="blur"
          allowDecimal={false}
          value={maxLength}
          onChange={(value) => typeof value === 'number' && setMaxLength(value)}
        />
        <Group gap="sm">
          <Button disabled={file === null} loading={isRunning} onClick={() => file && void run(file)}>
            {words.run}
          </Button>
          {file ? null : (
            <Text size="sm" c="dimmed">
              {words.noFile}
            </Text>
          )}
        </Group>
        <div role="status">{isRunning ? <Text size="sm">{`${words.running}: ${state.which}`}</Text> : null}</div>
        {isRunning ? <Progress value={100 * state.share} animated aria-label={words.running} /> : null}
        {state.kind === 'failed' ? <FailureAlert failure={state.failure} title={words.failed} /> : null}
        {state.kind === 'done' ? <Results file={state.file} rows={state.rows} /> : null}
      </Stack>
    </Section>
  );
}

function Results({ file, rows }: { readonly file: string; readonly rows: readonly Row[] }) {
  const { columns } = words;
  return (
    <Table.ScrollContainer minWidth={460}>
      <Table captionSide="top" tabularNums data-testid="evaluation">
        <Table.Caption ta="left">{file}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{columns.which}</Table.Th>
            <Table.Th ta="right">{columns.perplexity}</Table.Th>
            <Table.Th ta="right">{columns.accuracy}</Table.Th>
            <Table.Th ta="right">{columns.examples}</Table.Th>
            <Table.Th ta="right">{columns.tokens}</Table.Th>
            <Table.Th ta="right">{columns.response}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ which, evaluation }) => (
            <Table.Tr key={which}>
              <Table.Th scope="row">{which}</Table.Th>
              <Table.Td ta="right" fw={700} data-value={evaluation.perplexity}>
                {formatPerplexity(evaluation.perplexity)}
              </Table.Td>
              <Table.Td ta="right">{formatShare(evaluation.tokenAccuracy)}</Table.Td>
              <Table.Td ta="right">{formatCount(evaluation.examples)}</Table.Td>
              <Table.Td ta="right">{formatCount(evaluation.tokens)}</Table.Td>
              <Table.Td ta="right">{formatCount(evaluation.responseTokens)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
