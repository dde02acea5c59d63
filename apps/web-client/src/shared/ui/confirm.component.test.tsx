import type { ComponentProps } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { button, dialog, expectAccessible, show } from '../../../test/stage.tsx';
import { FailureError } from '../../contract/failure.ts';
import { Confirm } from './confirm.tsx';

const question = { title: 'Stop it?', text: 'It is gone then.', confirm: 'Stop' };
const confirm = (changes: Partial<ComponentProps<typeof Confirm>> = {}) => (
  <Confirm question={question} isPending={false} error={null} onCancel={() => {}} onConfirm={() => {}} {...changes} />
);

describe('Confirm', () => {
  it('asks nothing where there is no question', async () => {
    await show(confirm({ question: null }));
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
  });

  it('lets a careless Enter do no harm', async () => {
    const [onCancel, onConfirm] = [vi.fn(), vi.fn()];
    await show(confirm({ onCancel, onConfirm }));
    await expect.element(dialog('Stop it?')).toHaveTextContent('It is gone then.');
    await expect.element(button('Cancel')).toHaveFocus();
    await userEvent.keyboard('{Enter}');
    expect(onCancel).toHaveBeenCalledOnce();
    await userEvent.tab();
    await userEvent.keyboard('{Enter}');
    expect(onConfirm).toHaveBeenCalledOnce();
    await userEvent.keyboard('{Escape}');
    expect(onCancel).toHaveBeenCalledTimes(2);
    await expectAccessible();
  });

  it('keeps the focus inside', async () => {
    await show(confirm());
    await expect.element(button('Cancel')).toHaveFocus();
    for (let i = 0; i < 4; i++) {
      await userEvent.tab();
      expect(dialog('Stop it?').element().contains(document.activeElement)).toBe(true);
    }
  });

  it('is asked once while it is being done, and stays open with what came of it', async () => {
    const onConfirm = vi.fn();
    const { change } = await show(confirm({ isPending: true, onConfirm }));
    await expect.element(page.getByRole('button', { name: 'Stop' })).toHaveAttribute('data-loading', 'true');
    await expect.element(page.getByRole('button', { name: 'Stop' })).toBeDisabled();
    await change(confirm({ error: new FailureError({ code: 'conflict', message: 'It has stopped already.' }) }));
    await expect.element(dialog('Stop it?')).toHaveTextContent('It has stopped already.');
    await expectAccessible();
  });

  it('offers something else instead', async () => {
    const onClick = vi.fn();
    await show(confirm({ instead: { label: 'Keep a copy', onClick } }));
    await button('Keep a copy').click();
    expect(onClick).toHaveBeenCalledOnce();
    await expectAccessible();
  });
});
