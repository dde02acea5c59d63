import { Alert, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { strings } from '#strings/local-text.ts';
import type { DataReport } from '../../contract/data-api.ts';
import { formatCount } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import type { TokenCount } from './use-local-text.ts';

interface TotalsProps {
  readonly report: DataReport;
  readonly tokens: TokenCount;
}

/** A line of figures: how much text there is, how it is divided, and what of it the model will not see. */
export function Totals({ report, tokens }: TotalsProps) {
  const { training, validation, heldOut } = report.examples;
  const all = training + validation + heldOut;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing={{ base: 'sm', sm: 'lg' }}>
        <Fact
          label={strings.toTrainOn}
          value={formatCount(training)}
          note={strings.trainingNote(formatCount(validation))}
        />
        <Fact label={strings.heldOut} value={formatCount(heldOut)} note={strings.heldOutNote} />
        <TokenFacts tokens={tokens} />
      </SimpleGrid>
      <div aria-live="polite">
        {tokens.kind === 'counting' ? (
          <>
            <Text size="xs" c="dimmed">
              {strings.counting(formatCount(tokens.done), formatCount(all))}
            </Text>
            <Progress value={(100 * tokens.done) / Math.max(1, all)} size="xs" mt={4} aria-hidden />
          </>
        ) : null}
        {report.duplicates > 0 ? (
          <Text size="sm" c="dimmed">
            {strings.repeats(formatCount(report.duplicates))}
          </Text>
        ) : null}
      </div>
      {tokens.kind === 'failed' ? (
        <Alert color="yellow" variant="light" title={strings.notCounted} data-code={tokens.failure.code}>
          <Text size="sm">{tokens.failure.message}</Text>
        </Alert>
      ) : null}
      {tokens.kind === 'counted' && tokens.report.dropped > 0 ? (
        <Alert color="yellow" variant="light" title={strings.dropped(formatCount(tokens.report.dropped))}>
          <Text size="sm">{tokens.report.droppedReason}</Text>
        </Alert>
      ) : null}
    </Stack>
  );
}

function TokenFacts({ tokens }: Pick<TotalsProps, 'tokens'>) {
  if (tokens.kind !== 'counted') {
    const waiting = tokens.kind === 'failed' ? '–' : '…';
    return (
      <>
        <Fact label={strings.tokens} value={waiting} />
        <Fact label={strings.cutOff} value={waiting} />
      </>
    );
  }
  const { tokens: count, responseTokens, longest, cut, maxLength } = tokens.report;
  const limit = formatCount(maxLength);
  return (
    <>
      <Fact
        label={strings.tokens}
        value={<span data-testid="dataset-tokens">{formatCount(count)}</span>}
        note={strings.tokensNote(formatCount(responseTokens), formatCount(longest))}
      />
      <Fact
        label={strings.cutOff}
        value={<span data-testid="dataset-cut">{formatCount(cut.examples)}</span>}
        note={cut.examples > 0 ? strings.cutNote(formatCount(cut.tokens), limit) : strings.nothingCut(limit)}
      />
    </>
  );
}
