import { Button, Group, List, Paper, Stack, Text, Title } from '@mantine/core';
import { strings as common } from '#strings/app.ts';
import { agreedAt, leftOff, strings, welcome } from '#strings/join.ts';
import type { EarlierSession, RecordedConsent } from '../contract/run-api.ts';
import { StartOver } from './start-over.tsx';
import type { ParticipationControls } from './use-participation.ts';

interface EarlierRunProps {
  readonly earlier: EarlierSession;
  readonly controls: ParticipationControls;
}

/** A run that has ended, as this browser remembers it. */
export function EarlierRun({ earlier, controls }: EarlierRunProps) {
  const { name, round, dataset, consent } = earlier;
  const isFinished = earlier.standing === 'finished';
  return (
    <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
      <Stack gap="sm">
        <Title order={2} size="h3">
          {welcome(name)}
        </Title>
        <Text>{isFinished ? strings.finished : leftOff(round, dataset.name)}</Text>
        <Group gap="sm">
          {isFinished ? (
            <Button onClick={controls.reopen}>{strings.loadModel}</Button>
          ) : (
            <Button onClick={() => controls.resume(false)}>{common.join.goOn}</Button>
          )}
          {isFinished ? null : <StartOver variant="default" controls={controls} exportFirst={controls.reopen} />}
        </Group>
        {consent ? <ConsentGiven consent={consent} /> : null}
      </Stack>
    </Paper>
  );
}

/** In the words that were shown then. */
function ConsentGiven({ consent: { at, sentences, shareEvaluation } }: { readonly consent: RecordedConsent }) {
  return (
    <details>
      <summary>{strings.consent}</summary>
      <Stack gap="xs" mt="sm">
        <Text size="sm">{agreedAt(at)}</Text>
        <List size="sm" spacing={4}>
          {sentences.map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
        <Text size="sm">{shareEvaluation ? strings.shared : strings.notShared}</Text>
      </Stack>
    </details>
  );
}
