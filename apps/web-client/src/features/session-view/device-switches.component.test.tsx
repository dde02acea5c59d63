import { afterEach, describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { at, sampleSession } from '../../../test/samples.ts';
import { expectAccessible, see, show } from '../../../test/stage.tsx';
import type { SessionState } from '../../contract/session/session-state.ts';
import { DeviceSwitches } from './device-switches.tsx';

const switches = (changes: Partial<SessionState> = {}, isRunning = true) => (
  <DeviceSwitches
    session={sampleSession({ phase: 'tuning', ...changes })}
    isRunning={isRunning}
    onCompare={onCompare}
  />
);
const onCompare = vi.fn();
const compares = () => page.getByRole('switch', { name: 'Compare with tuning alone' });
const awake = () => page.getByRole('switch', { name: 'Keep the screen on while it’s running' });
const told = () => page.getByRole('switch', { name: 'Notify me when it’s finished' });

/** A browser that gives the screen, or does not. */
function playScreen(gives: boolean) {
  const lock = Object.assign(new EventTarget(), { released: false, release: async () => {} });
  const request = vi.spyOn(navigator.wakeLock, 'request');
  if (gives) request.mockResolvedValue(lock as unknown as WakeLockSentinel);
  else request.mockRejectedValue(new DOMException('low battery', 'NotAllowedError'));
}

/** A browser in which notices may be shown after somebody was asked. */
function playNotices(answer: NotificationPermission) {
  const shown = vi.fn();
  class Played {
    static permission: NotificationPermission = 'default';
    static async requestPermission() {
      Played.permission = answer;
      return answer;
    }
    constructor(title: string, { body }: NotificationOptions) {
      shown(title, body);
    }
  }
  vi.stubGlobal('Notification', Played);
  return shown;
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('DeviceSwitches', () => {
  it('keeps the screen on while it computes, and not in a pause or when it is over', async () => {
    playScreen(true);
    const { change } = await show(switches());
    await expect.element(awake()).toBeChecked();
    await see('The screen stays on.');
    await expectAccessible();
    await change(switches({ pause: 'held' }));
    await see('Not needed right now.');
    await change(switches({ phase: 'finished', endedAt: at }));
    await see('Saved for your next federation.');
  });

  it('is switched off by a key, and stays so on the next visit', async () => {
    playScreen(true);
    const { unmount } = await show(switches());
    awake().element().focus();
    await userEvent.keyboard(' ');
    await see('A device that goes to sleep stops computing.');
    await expect.element(awake()).not.toBeChecked();
    await unmount();
    await show(switches());
    await expect.element(awake()).not.toBeChecked();
  });

  it('says that the browser does not allow it now', async () => {
    playScreen(false);
    await show(switches());
    await see('The browser doesn’t allow it right now.');
  });

  it('tells of the end where that is wanted and allowed', async () => {
    playScreen(true);
    const shown = playNotices('granted');
    const { change } = await show(switches());
    await see('Off.');
    await told().click();
    await see('You’ll get a notification at the end.');
    await expect.element(told()).toBeChecked();
    await change(switches({ phase: 'finished', activity: { kind: 'finished' }, endedAt: at }));
    await expect
      .poll(() => shown.mock.calls)
      .toEqual([['PerFIT is finished', 'Finished. Your personal model is ready']]);
  });

  it('says that the browser forbids notices', async () => {
    playScreen(true);
    playNotices('denied');
    await show(switches());
    await told().click();
    await see('This browser doesn’t allow notifications from this page.');
    await expect.element(told()).not.toBeChecked();
    await expectAccessible();
  });

  it('compares with tuning alone as long as the rounds run, and says what either choice means', async () => {
    playScreen(true);
    const { change } = await show(switches());
    await see('You can still find out at the end whether joining helped.');
    await compares().click();
    expect(onCompare).toHaveBeenCalledWith(true);
    await change(switches({ compares: true }));
    await expect.element(compares()).toBeChecked();
    await see('In the time this device would wait, a second model is tuned on your text alone.');
    await change(switches({ compares: true, phase: 'finished', endedAt: at }));
    await expect.element(compares()).toBeDisabled();
    await expectAccessible();
  });
});
