import { Button, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import {
  betterOn,
  firstOf,
  isOlder,
  leftOut,
  rowsDone,
  strings,
  withModule,
  worseAndSame,
} from '#strings/improvements.ts';
import type { Comparison, HeldOutExample } from '../../contract/comparison-api.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import type { ModuleOrigin } from '../../contract/session/session-state.ts';
import { engine, telling, unwrap } from '../../shared/api/engine-client.ts';
import { formatPerplexity, formatShare } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { AnsweredQuestions } from './answered-questions.tsx';
import { ExampleList } from './example-list.tsx';
import { GainPlot } from './gain-plot.tsx';
import { perplexityOf, tallyOf, tokenAccuracyOf } from './gains.ts';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'comparing'; readonly done: number; readonly of: number }
  | { readonly kind: 'compared' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly failure: Failure };

interface ImprovementsProps {
  /** Null before the first tuning. */
  readonly module: ModuleOrigin | null;
  /** Rounds run on the same device. */
  readonly working: boolean;
  /** Somebody wants to see both models answer it. */
  readonly onTry: (example: HeldOutExample) => void;
}

/** [PF8] Base and personal model on the held-out examples, one by one: what became better, and what worse. */
export function Improvements({ module, working, onTry }: ImprovementsProps) {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const [comparison, setComparison] = useState<Comparison | null>(null);
  useEffect(() => {
    return () => {
      void engine().cancelComparison();
    };
  }, []);

  const compare = async () => {
    setState({ kind: 'comparing', done: 0, of: 0 });
    try {
      const onProgress = (done: number, of: number) => setState({ kind: 'comparing', done, of });
      const compared = unwrap(await telling(onProgress, (tell) => engine().compare(tell)));
      if (compared) setComparison(compared);
      setState({ kind: compared ? 'compared' : 'cancelled' });
    } catch (thrown) {
      setState({ kind: 'failed', failure: failureOf(thrown) });
    }
  };
  const isComparing = state.kind === 'comparing';
  const isOld = comparison !== null && module !== null && !isSame(comparison.module, module);

  return (
    <Section title={strings.title} lead={strings.lead}>
      {comparison && !isOld ? null : (
        <Group gap="md">
          <Button
            variant={comparison ? 'default' : 'filled'}
            onClick={() => void compare()}
            disabled={module === null}
            loading={isComparing}
          >
            {comparison ? strings.again : strings.run}
          </Button>
          {isComparing ? (
            <Button variant="default" onClick={() => void engine().cancelComparison()}>
              {strings.cancel}
            </Button>
          ) : null}
          <Text size="sm" c="dimmed" role="status">
            {statusOf({ state, module, working, older: isOld ? comparison : null })}
          </Text>
        </Group>
      )}
      {state.kind === 'comparing' ? (
        <Stack gap={4}>
          <Progress value={state.of ? (100 * state.done) / state.of : 0} aria-label={strings.computing} />
          <Text size="sm" c="dimmed">
            {rowsDone(state.done, state.of)}
          </Text>
        </Stack>
      ) : null}
      {state.kind === 'failed' ? <FailureAlert failure={state.failure} title={strings.failed} /> : null}
      {comparison ? <Compared comparison={comparison} onTry={onTry} /> : null}
      <AnsweredQuestions module={module} />
    </Section>
  );
}

interface ComparedProps {
  readonly comparison: Comparison;
  readonly onTry: (example: HeldOutExample) => void;
}

function Compared({ comparison, onTry }: ComparedProps) {
  const { examples, total, module } = comparison;
  if (examples.length === 0) return null;
  const tally = tallyOf(examples);
  const taken = Math.min(total, 100);
  return (
    <Stack gap="lg" data-testid="comparison">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="lg">
        <Fact
          label={strings.heldOut}
          value={betterOn({ better: tally.better, of: examples.length })}
          note={worseAndSame(tally)}
        />
        <Fact
          label={strings.basePerplexity}
          value={formatPerplexity(perplexityOf(examples, 'base'))}
          note={strings.lower}
        />
        <Fact
          label={strings.personalPerplexity}
          value={formatPerplexity(perplexityOf(examples, 'personal'))}
          note={withModule(module.round, module.of)}
        />
        <Fact
          label={strings.tokenAccuracy}
          value={`${formatShare(tokenAccuracyOf(examples, 'base'))} → ${formatShare(tokenAccuracyOf(examples, 'personal'))}`}
          note={strings.accuracyNote}
        />
      </SimpleGrid>
      {total > taken ? (
        <Text size="sm" c="dimmed">
          {firstOf(taken, total)}
        </Text>
      ) : null}
      {examples.length < taken ? (
        <Text size="sm" c="dimmed">
          {leftOut(taken - examples.length)}
        </Text>
      ) : null}
      <GainPlot examples={examples} />
      <ExampleList examples={examples} onTry={onTry} />
    </Stack>
  );
}

interface Standing {
  readonly state: State;
  readonly module: ModuleOrigin | null;
  readonly working: boolean;
  readonly older: Comparison | null;
}

function statusOf({ state, module, working, older }: Standing): string {
  if (module === null) return strings.notYet;
  if (state.kind === 'cancelled') return strings.cancelled;
  if (older && state.kind !== 'comparing') return isOlder(older.module.round, module.round);
  return working ? strings.duringWork : '';
}

function isSame(a: ModuleOrigin, b: ModuleOrigin): boolean {
  return a.round === b.round && a.of === b.of;
}
