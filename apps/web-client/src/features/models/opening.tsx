import { Button, Group, Progress, Stack, Text, VisuallyHidden } from '@mantine/core';
import { actOn, adviceFor, fromKept, progressLine, strings, timeLeft } from '#strings/models.ts';
import type { ModelProgress, ModelWish } from '../../contract/models-api.ts';
import { nameOfOrigin } from '../../contract/name-of-origin.ts';
import { formatBytes, formatSeconds } from '../../shared/format/format-number.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import type { OpenModelControls } from './use-open-model.ts';

const words = strings.opening;

/** A model on its way: how far it is, or why it did not arrive. */
export function Opening({ controls }: { readonly controls: OpenModelControls }) {
  const { state, open, stop, close } = controls;
  switch (state.kind) {
    case 'loading':
      return (
        <Section title={actOn(words.title, nameOfOrigin(state.wish.origin))}>
          <Loading progress={state.progress} />
          <Group>
            <Button variant="default" onClick={stop} loading={state.stopping}>
              {state.stopping ? words.stopping : words.cancel}
            </Button>
          </Group>
        </Section>
      );
    case 'stopped':
      return (
        <Section title={actOn(words.title, nameOfOrigin(state.wish.origin))}>
          <Text role="status">{words.stopped}</Text>
          <Again wish={state.wish} onOpen={open} onClose={close} />
        </Section>
      );
    case 'failed': {
      const advice = adviceFor(state.failure.code);
      return (
        <Section title={actOn(words.title, nameOfOrigin(state.wish.origin))}>
          <FailureAlert failure={state.failure} title={words.failed}>
            {advice ? <Text size="sm">{advice}</Text> : null}
          </FailureAlert>
          <Again wish={state.wish} onOpen={open} onClose={close} />
        </Section>
      );
    }
    default:
      return null;
  }
}

interface AgainProps {
  readonly wish: ModelWish;
  readonly onOpen: (wish: ModelWish) => void;
  readonly onClose: () => void;
}

function Again({ wish, onOpen, onClose }: AgainProps) {
  return (
    <Group gap="sm">
      <Button onClick={() => onOpen(wish)}>{words.again}</Button>
      <Button variant="default" onClick={onClose}>
        {words.dismiss}
      </Button>
    </Group>
  );
}

function Loading({ progress }: { readonly progress: ModelProgress | null }) {
  if (!progress) {
    return (
      <Stack gap="xs" role="status">
        <Progress value={100} animated aria-label={words.progress} />
        <Text size="sm">{words.starting}</Text>
      </Stack>
    );
  }
  const { bytes, total, fetched, bytesPerSecond, secondsLeft } = progress;
  const percent = total > 0 ? Math.floor((100 * bytes) / total) : 0;
  const parts = [
    progressLine(bytes, total),
    ...(bytesPerSecond === null ? [] : [`${formatBytes(Math.round(bytesPerSecond))}/s`]),
    ...(secondsLeft === null || percent === 100 ? [] : [timeLeft(formatSeconds(secondsLeft))]),
  ];
  return (
    <Stack gap="xs" data-testid="model-progress">
      <Progress value={percent} aria-label={words.progress} />
      <Text size="sm" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {parts.join(' · ')}
      </Text>
      {bytes > fetched ? (
        <Text size="sm" c="dimmed">
          {fromKept(bytes - fetched)}
        </Text>
      ) : null}
      {/* Every tenth is enough to hear. */}
      <VisuallyHidden role="status">{`${10 * Math.floor(percent / 10)} %`}</VisuallyHidden>
    </Stack>
  );
}
