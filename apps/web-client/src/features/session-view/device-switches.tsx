import { Group, Switch } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useState } from 'react';
import { strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { askForNotices, type NoticePermission, noticePermission, useFinishNotice } from './use-finish-notice.ts';
import { useWakeLock, type WakeLockState } from './use-wake-lock.ts';

/** Screen and notification: what this device may do while it works and when it is done. Kept for the next visit. */
export function DeviceSwitches({
  session,
  isRunning,
  onCompare,
}: {
  readonly session: SessionState;
  readonly isRunning: boolean;
  readonly onCompare: (isWanted: boolean) => void;
}) {
  const [staysAwake, setStaysAwake] = useLocalStorage({
    key: 'perfit.stay-awake',
    defaultValue: true,
    getInitialValueInEffect: false,
  });
  const [tells, setTells] = useLocalStorage({
    key: 'perfit.tell-finished',
    defaultValue: false,
    getInitialValueInEffect: false,
  });
  const [permission, setPermission] = useState(noticePermission);
  const isAtWork = isRunning && session.endedAt === null && session.pause !== 'held';
  const isOver = session.endedAt !== null;
  const lock = useWakeLock(staysAwake && isAtWork);
  const isTold = tells && permission === 'granted';
  useFinishNotice(session, isTold);
  const setTold = async (isWanted: boolean) => {
    if (isWanted) setPermission(await askForNotices());
    setTells(isWanted);
  };
  return (
    <Group gap="xl" align="flex-start">
      <Switch
        size="sm"
        label={strings.awake.switch}
        description={isOver ? strings.awake.over : awakeNote(lock, staysAwake, isAtWork)}
        checked={staysAwake && lock !== 'unsupported'}
        disabled={lock === 'unsupported'}
        onChange={(event) => setStaysAwake(event.currentTarget.checked)}
      />
      <Switch
        size="sm"
        label={strings.tell.switch}
        description={isOver ? strings.tell.over : tellNote(permission, isTold, tells)}
        checked={isTold}
        disabled={permission === 'unsupported'}
        onChange={(event) => void setTold(event.currentTarget.checked)}
      />
      <Switch
        size="sm"
        label={strings.compare.switch}
        description={isOver ? strings.compare.over : session.compares ? strings.compare.on : strings.compare.off}
        checked={session.compares}
        disabled={isOver || !isRunning}
        onChange={(event) => onCompare(event.currentTarget.checked)}
      />
    </Group>
  );
}

function awakeNote(lock: WakeLockState, isWanted: boolean, isAtWork: boolean): string {
  if (lock === 'unsupported') return strings.awake.unsupported;
  if (!isWanted) return strings.awake.off;
  return isAtWork ? strings.awake[lock] : strings.awake.waiting;
}

function tellNote(permission: NoticePermission, isTold: boolean, isWanted: boolean): string {
  if (permission === 'unsupported') return strings.tell.unsupported;
  if (isTold) return strings.tell.on;
  return permission === 'denied' && isWanted ? strings.tell.denied : strings.tell.off;
}
