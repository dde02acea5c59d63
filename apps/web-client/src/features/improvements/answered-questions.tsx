import { Button, Group, NativeSelect, Paper, Progress, SimpleGrid, Stack, Switch, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { answersDone, exactOf, fromToScore, isOlderAnswer, roundName, scoreOf, strings } from '#strings/answers.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import {
  type Answered,
  type AnsweredRound,
  type Answers,
  type AskedQuestion,
  type GivenAnswer,
  withAnswers,
} from '../../contract/session/answers.ts';
import type { ModuleOrigin } from '../../contract/session/session-state.ts';
import { engine, telling, unwrap } from '../../shared/api/engine-client.ts';
import { useSession } from '../../shared/session/session-store.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import classes from './answered-questions.module.css';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'answering'; readonly done: number; readonly of: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** [PF8] Held-out questions, base → now side by side, and as the model was after earlier rounds. */
export function AnsweredQuestions({ module }: { readonly module: ModuleOrigin | null }) {
  const session = useSession((store) => store.session);
  const [state, setState] = useState<State>({ kind: 'idle' });
  /** Of a session that has ended nobody keeps a record any more. */
  const [asked, setAsked] = useState<Answered | null>(null);
  useEffect(() => {
    return () => {
      void engine().cancelAnswers();
    };
  }, []);

  const answers = asked ? withAnswers(session.answers, asked) : session.answers;
  const isAnswering = state.kind === 'answering';
  const answer = async () => {
    setState({ kind: 'answering', done: 0, of: 0 });
    try {
      const onProgress = (done: number, of: number) => setState({ kind: 'answering', done, of });
      const answered = unwrap(await telling(onProgress, (tell) => engine().answerQuestions(tell)));
      if (answered && answered.questions.length > 0) setAsked(session.endedAt === null ? null : answered);
      setState({ kind: answered === null ? 'cancelled' : answered.questions.length > 0 ? 'idle' : 'none' });
    } catch (thrown) {
      setState({ kind: 'failed', failure: failureOf(thrown) });
    }
  };
  if (module === null && answers === null) return null;
  const latest = answers?.rounds.at(-1);
  const isOld = module !== null && latest !== undefined && !isSame(latest.module, module);

  return (
    <Stack gap="sm" data-testid="answered-questions">
      <Text fw={500} component="h3" m={0}>
        {strings.title}
      </Text>
      <Text size="sm" c="dimmed" maw={720}>
        {strings.lead}
      </Text>
      <Group gap="md" align="flex-start">
        {module !== null && (latest === undefined || isOld) ? (
          <Button variant="default" onClick={() => void answer()} loading={isAnswering}>
            {latest ? strings.again : strings.run}
          </Button>
        ) : null}
        {isAnswering ? (
          <Button variant="default" onClick={() => void engine().cancelAnswers()}>
            {strings.cancel}
          </Button>
        ) : null}
        {session.startedAt !== null && session.endedAt === null ? (
          <Switch
            size="sm"
            label={strings.switch}
            description={strings.switchNotes[session.answering]}
            checked={session.answering === 'auto' || session.answering === 'on'}
            onChange={(event) => void engine().setAnswering(event.currentTarget.checked)}
          />
        ) : null}
      </Group>
      <Text size="sm" c="dimmed" role="status">
        {statusOf(state, isOld ? module.round : null)}
      </Text>
      {isAnswering ? (
        <Progress value={state.of ? (100 * state.done) / state.of : 0} aria-label={strings.answering} />
      ) : null}
      {state.kind === 'failed' ? <FailureAlert failure={state.failure} title={strings.failed} /> : null}
      {answers && latest ? <RoundByRound answers={answers} /> : null}
    </Stack>
  );
}

function statusOf(state: State, newer: number | null): string {
  switch (state.kind) {
    case 'answering':
      return state.of ? answersDone(state.done, state.of) : strings.answering;
    case 'cancelled':
      return strings.cancelled;
    case 'none':
      return strings.none;
    case 'idle':
    case 'failed':
      return newer === null ? '' : isOlderAnswer(newer);
  }
}

function RoundByRound({ answers }: { readonly answers: Answers }) {
  const { questions, rounds } = answers;
  /** Null is the latest, whichever that is by now. */
  const [chosen, setChosen] = useState<AnsweredRound | null>(null);
  const shown = chosen && rounds.includes(chosen) ? chosen : (rounds.at(-1) as AnsweredRound);
  const count = questions.length;
  const mean = (given: readonly GivenAnswer[]) => given.reduce((sum, { rougeL }) => sum + rougeL, 0) / count;
  const exact = (given: readonly GivenAnswer[]) => given.filter(({ isExact }) => isExact).length;
  const base = questions.map((question) => question.base);
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="lg">
        <Fact label={strings.rougeL} value={fromToScore(mean(base), mean(shown.answers))} note={strings.rougeLNote} />
        <Fact
          label={strings.exact}
          value={exactOf(exact(base), exact(shown.answers), count)}
          note={strings.exactNote}
        />
        {rounds.length > 1 ? (
          <NativeSelect
            size="xs"
            label={strings.asOf}
            value={String(rounds.indexOf(shown))}
            data={rounds
              .map(({ round, module }, i) => ({ value: String(i), label: roundName(round, module) }))
              .reverse()}
            onChange={(event) => {
              const round = rounds[Number(event.currentTarget.value)];
              setChosen(round && round !== rounds.at(-1) ? round : null);
            }}
          />
        ) : (
          <Fact label={strings.asOf} value={roundName(shown.round, shown.module)} />
        )}
      </SimpleGrid>
      <ol className={classes.list}>
        {questions.map((question, i) => (
          <li key={i}>
            <SideBySide question={question} personal={shown.answers[i] as GivenAnswer} />
          </li>
        ))}
      </ol>
    </Stack>
  );
}

function SideBySide({ question, personal }: { readonly question: AskedQuestion; readonly personal: GivenAnswer }) {
  const { prompt, expected, base } = question;
  return (
    <Stack gap="xs" data-testid="answered-question">
      <Text size="sm" fw={600} className={classes.text} lineClamp={6}>
        {prompt}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        <Said title={strings.base} answer={base} />
        <Said title={strings.personal} answer={personal} />
        <Box title={strings.expected} text={expected} />
      </SimpleGrid>
    </Stack>
  );
}

function Said({ title, answer }: { readonly title: string; readonly answer: GivenAnswer }) {
  const { text, isCut, rougeL, isExact } = answer;
  const said = text.trim() === '' ? strings.empty : isCut ? `${text.trim()} ${strings.cut}` : text.trim();
  return (
    <Box title={title} text={said} note={isExact ? `${scoreOf(rougeL)}, ${strings.exactBadge}` : scoreOf(rougeL)} />
  );
}

function Box({ title, text, note }: { readonly title: string; readonly text: string; readonly note?: string }) {
  return (
    <Paper withBorder radius="md" p="sm">
      <Text size="xs" c="dimmed" fw={500}>
        {title}
      </Text>
      <Text size="sm" className={classes.text} lineClamp={12}>
        {text}
      </Text>
      {note === undefined ? null : (
        <Text size="xs" c="dimmed" mt={4}>
          {note}
        </Text>
      )}
    </Paper>
  );
}

function isSame(a: ModuleOrigin, b: ModuleOrigin): boolean {
  return a.round === b.round && a.of === b.of;
}
