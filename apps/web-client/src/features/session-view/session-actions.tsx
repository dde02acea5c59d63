import { Button, Group, Modal, Radio, Stack, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { keptOnLeaving, strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import classes from './session-actions.module.css';

export interface SessionActionsProps {
  readonly session: SessionState;
  readonly onPause: (isPaused: boolean) => void;
  readonly onStop: () => void;
  readonly onLeave: () => void;
}

/** A pause keeps the place; leaving asks what becomes of the model, and keeps it unless told otherwise. */
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
        <Tooltip label={actions.leaveHint} multiline w={240} openDelay={400}>
          <Button size="xs" variant="default" onClick={leaving.open}>
            {actions.leave}
          </Button>
        </Tooltip>
      </Group>
      <Modal opened={isLeaving} onClose={leaving.close} title={strings.leaving.title} centered>
        <LeaveForm
          hasModel={session.models.personal !== null}
          onCancel={leaving.close}
          onLeave={(keeps) => {
            leaving.close();
            if (keeps) onStop();
            else onLeave();
          }}
        />
      </Modal>
    </>
  );
}

interface LeaveFormProps {
  readonly hasModel: boolean;
  readonly onCancel: () => void;
  readonly onLeave: (keeps: boolean) => void;
}

/** Mounted with each opening of the dialog: what was chosen once is not what is chosen the next time. */
function LeaveForm({ hasModel, onCancel, onLeave }: LeaveFormProps) {
  const [keeps, setKeeps] = useState(true);
  const { leaving } = strings;
  const choices = [
    { value: 'keep', label: hasModel ? leaving.keepModel : leaving.keepPlace, hint: keptOnLeaving(hasModel) },
    { value: 'delete', label: leaving.deleteAll, hint: leaving.deleteHint },
  ];
  return (
    <Stack gap="md">
      <Radio.Group
        value={keeps ? 'keep' : 'delete'}
        onChange={(value) => setKeeps(value === 'keep')}
        label={leaving.question}
      >
        <Stack gap="sm" mt="sm">
          {choices.map(({ value, label, hint }, index) => (
            <Radio
              key={value}
              value={value}
              label={label}
              description={hint}
              data-autofocus={index === 0 ? true : undefined}
            />
          ))}
        </Stack>
      </Radio.Group>
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onCancel}>
          {leaving.cancel}
        </Button>
        <Button color={keeps ? undefined : 'red'} onClick={() => onLeave(keeps)}>
          {keeps ? leaving.confirm : leaving.confirmDelete}
        </Button>
      </Group>
    </Stack>
  );
}
