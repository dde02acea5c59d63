import { useEffect, useState } from 'react';

export type WakeLockState = 'held' | 'waiting' | 'refused' | 'unsupported';

/** Keeps the screen on while it is wanted and the page is seen: the browser takes the lock back from a hidden page. */
export function useWakeLock(isWanted: boolean): WakeLockState {
  const isSupported = 'wakeLock' in navigator;
  const [state, setState] = useState<WakeLockState>(isSupported ? 'waiting' : 'unsupported');

  useEffect(() => {
    if (!isWanted || !isSupported) return;
    let lock: WakeLockSentinel | null = null;
    let isOver = false;
    let isAsking = false;
    const acquire = async () => {
      if (document.visibilityState !== 'visible' || isAsking || (lock && !lock.released)) return;
      // Whoever asked twice would hold two, and let go of one.
      isAsking = true;
      try {
        const taken = await navigator.wakeLock.request('screen');
        if (isOver) return void taken.release();
        lock = taken;
        lock.addEventListener('release', () => !isOver && setState('waiting'));
        setState('held');
      } catch {
        // A low battery, or the person's own setting.
        if (!isOver) setState('refused');
      } finally {
        isAsking = false;
      }
    };
    const onVisible = () => void acquire();
    document.addEventListener('visibilitychange', onVisible);
    void acquire();
    return () => {
      isOver = true;
      document.removeEventListener('visibilitychange', onVisible);
      void lock?.release();
      setState('waiting');
    };
  }, [isWanted, isSupported]);

  return state;
}
