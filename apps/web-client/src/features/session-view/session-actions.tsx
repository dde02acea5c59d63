import { Anchor, Button, Group, Modal, Stack, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { remaining, strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import classes from './session-actions.module.css';

export interface SessionActionsProps {
  readonly session: SessionState;
  readonly onPause: (isPaused: boolean) => void;
  readonly onStop: () => void;
  readonly onLeave: () => void;
}

/** Pause keeps the place, Stop keeps what there is, Leave keeps nothing. */
export function SessionActions({ session, onPause, onStop, onLeave }: SessionActionsProps) {
  const [isLeaving, leaving] = useDisclosure(false);
  const { actions } = strings;
  const isPaused = session.pause !== 'off';
  return (
    <>
      <Group gap="xs" role="group" aria-label={actions.label} className={classes.actions}>
        <Tooltip label={isPaused ? actions.resumeHint : actions.pauseHint} multiline w={240} openDelay={400}>
          <Button size="xs" variant={isPaused ? 'filled' : 'default'} onClick={() => onPause(!isPaused)}>
            {isPaused ? actions.resume : actions.pause}
          </Button>
        </Tooltip>
        <Tooltip label={actions.stopHint} multiline w={240} openDelay={400}>
          <Button size="xs" variant="default" onClick={onStop}>
            {actions.stop}
          </Button>
        </Tooltip>
        <Tooltip label={actions.leaveHint} multiline w={240} openDelay={400}>
          <Button size="xs" variant="subtle" color="red" onClick={leaving.open}>
            {actions.leave}
          </Button>
        </Tooltip>
      </Group>
      <Modal opened={isLeaving} onClose={leaving.close} title={strings.leaving.title} centered>
        <Stack gap="md">
          <Text>{strings.leaving.text}</Text>
          <Text c="dimmed" size="sm">
            {strings.leaving.keep} {remaining(session.models.personal !== null)}
          </Text>
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={leaving.close} data-autofocus>
              {strings.leaving.cancel}
            </Button>
            <Button
              color="red"
              onClick={() => {
                leaving.close();
                onLeave();
              }}
            >
              {strings.leaving.confirm}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

/** Where to go when it is finished. */
export function FinishedActions({ chat, takeHome }: { readonly chat: string; readonly takeHome: string }) {
  return (
    <Group gap="md" className={classes.actions}>
      <Anchor href={`#${chat}`} fw={600} size="sm">
        {strings.actions.tryModel}
      </Anchor>
      <Anchor href={`#${takeHome}`} fw={600} size="sm">
        {strings.actions.takeHome}
      </Anchor>
    </Group>
  );
}
