import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { sampleSession } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, see, show } from '../../../test/stage.tsx';
import type { SessionState } from '../../contract/session/session-state.ts';
import { SessionActions } from './session-actions.tsx';

const onPause = vi.fn();
const onStop = vi.fn();
const onLeave = vi.fn();
const actions = (changes: Partial<SessionState> = {}) => {
  vi.clearAllMocks();
  return <SessionActions session={sampleSession(changes)} onPause={onPause} onStop={onStop} onLeave={onLeave} />;
};
const withModel = { models: { base: true, personal: { round: 1, of: 'tuned' } } } as const;
const leaving = () => dialog('Leave this federation?');

describe('SessionActions', () => {
  it('pauses, and goes on from a pause that was asked for or is held', async () => {
    const { change } = await show(actions());
    await button('Pause').click();
    expect(onPause).toHaveBeenLastCalledWith(true);
    await change(actions({ pause: 'asked' }));
    await button('Resume').click();
    expect(onPause).toHaveBeenLastCalledWith(false);
    await change(actions({ pause: 'held' }));
    await expect.element(button('Resume')).toBeVisible();
    await expect.element(button('Pause')).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('asks before somebody leaves, and keeps their model unless told otherwise', async () => {
    await show(actions(withModel));
    await button('Leave…').click();
    await expect.element(leaving()).toBeVisible();
    await expect.element(page.getByRole('radio', { name: 'Keep my model' })).toBeChecked();
    await expect.element(page.getByRole('radio', { name: 'Keep my model' })).toHaveFocus();
    await expectAccessible();
    await leaving().getByRole('button', { name: 'Leave', exact: true }).click();
    expect(onStop).toHaveBeenCalledOnce();
    expect(onLeave).not.toHaveBeenCalled();
    await expect.element(leaving()).not.toBeInTheDocument();
  });

  it('deletes everything when that is chosen, by the keyboard alone', async () => {
    await show(actions(withModel));
    await userEvent.tab();
    await userEvent.tab();
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByRole('radio', { name: 'Keep my model' })).toHaveFocus();
    await userEvent.keyboard('{ArrowDown}');
    await expect.element(page.getByRole('radio', { name: 'Delete everything' })).toBeChecked();
    await expectAccessible();
    await userEvent.tab();
    await userEvent.tab();
    await expect.element(button('Leave and delete')).toHaveFocus();
    await userEvent.keyboard('{Enter}');
    expect(onLeave).toHaveBeenCalledOnce();
    expect(onStop).not.toHaveBeenCalled();
  });

  it('lets somebody stay by button or by Escape, and asks anew the next time', async () => {
    await show(actions(withModel));
    await button('Leave…').click();
    await page.getByRole('radio', { name: 'Delete everything' }).click();
    await button('Stay').click();
    await expect.element(leaving()).not.toBeInTheDocument();
    await expect.element(button('Leave…')).toHaveFocus();
    await button('Leave…').click();
    await expect.element(page.getByRole('radio', { name: 'Keep my model' })).toBeChecked();
    await userEvent.keyboard('{Escape}');
    await expect.element(leaving()).not.toBeInTheDocument();
    expect(onStop).not.toHaveBeenCalled();
    expect(onLeave).not.toHaveBeenCalled();
  });

  it('offers to keep the place where there is no model yet', async () => {
    await show(actions());
    await button('Leave…').click();
    await expect.element(page.getByRole('radio', { name: 'Keep my place' })).toBeChecked();
    await see(/There’s no personal model yet/);
  });
});
