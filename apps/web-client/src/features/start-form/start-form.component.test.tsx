import { type ComponentProps, useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { button, expectAccessible, field, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { type StartChoices, StartForm } from './start-form.tsx';

type Props = ComponentProps<typeof StartForm>;

const empty: StartChoices = {
  name: '',
  invite: '',
  backend: 'auto',
  threads: null,
  understood: false,
  shareEvaluation: false,
  portion: 'full',
  compare: null,
};
const whole: StartChoices = { ...empty, name: 'Ada', understood: true };

/** The page keeps what was chosen. */
function Kept({ choices, onChange, ...props }: Props) {
  const [kept, keep] = useState(choices);
  const change = (next: StartChoices) => {
    keep(next);
    onChange(next);
  };
  return <StartForm {...props} choices={kept} onChange={change} />;
}

function form(props: Partial<Props> = {}) {
  const all: Props = {
    step: 4,
    choices: empty,
    needsInvite: false,
    hasBudget: true,
    comparesByDefault: false,
    obstacle: null,
    refusal: null,
    busy: false,
    onChange: () => {},
    onStart: () => {},
    ...props,
  };
  return <Kept {...all} />;
}

const agree = () => page.getByRole('checkbox', { name: 'I understand what is computed here and what is sent.' });
const share = () => page.getByRole('checkbox', { name: 'Also share how well the model does on my text.' });

describe('StartForm', () => {
  it('asks for a name, then for consent, and starts by the keyboard alone', async () => {
    const onStart = vi.fn();
    await show(form({ onStart }));
    await see('Enter a display name first');
    await expect.element(button('Start')).toBeDisabled();
    await expectAccessible();
    await userEvent.tab();
    await userEvent.keyboard('Ada');
    await see('Tick the box above to continue');
    await userEvent.tab();
    await userEvent.keyboard(' ');
    await expect.element(agree()).toBeChecked();
    await see('Keep this tab open while it works. You can stop at any time.');
    await field('Your display name').click();
    await userEvent.keyboard('{Enter}');
    expect(onStart).toHaveBeenCalledOnce();
    await expectAccessible();
  });

  it('ticks nothing for anybody', async () => {
    await show(form());
    await expect.element(agree()).not.toBeChecked();
    await expect.element(share()).not.toBeChecked();
  });

  it('refuses a name that is too long, and says what one is', async () => {
    await show(form({ choices: { ...whole, name: '' } }));
    await field('Your display name').fill('x'.repeat(61));
    await see('Use at most 60 characters, and no control characters.');
    await expect.element(field('Your display name')).toHaveAttribute('aria-invalid', 'true');
    await expect.element(button('Start')).toBeDisabled();
    await expectAccessible();
  });

  it('says what stands in the way elsewhere on the page', async () => {
    await show(form({ choices: whole, obstacle: 'Add your text first' }));
    await see('Add your text first');
    await expect.element(button('Start')).toBeDisabled();
  });

  it('needs a code where the federation is by invitation', async () => {
    const onChange = vi.fn();
    await show(form({ choices: whole, needsInvite: true, onChange }));
    await see('This federation needs an invite code.');
    await field('Invite code').fill('abc');
    expect(onChange).toHaveBeenLastCalledWith({ ...whole, invite: 'abc' });
    await expect.element(button('Start')).toBeEnabled();
  });

  it('says at the code that the coordinator does not know it', async () => {
    const refusal = { code: 'invite-invalid', message: 'This invite is not valid.' } as const;
    await show(form({ choices: { ...whole, invite: 'abc' }, needsInvite: true, refusal }));
    await see(/^This federation doesn’t recognize this code/);
    await expect.element(field('Invite code')).toHaveAttribute('aria-invalid', 'true');
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('says by itself why else the coordinator did not let somebody in', async () => {
    const refusal = { code: 'federation-full', message: 'This federation is full.' } as const;
    await show(form({ choices: whole, refusal }));
    await seeFailure('The coordinator didn’t let you in', 'This federation is full.', 'federation-full');
    await expectAccessible();
  });

  it('starts once, however often it is pressed', async () => {
    const onStart = vi.fn();
    await show(form({ choices: whole, busy: true, onStart }));
    await field('Your display name').click();
    await userEvent.keyboard('{Enter}');
    expect(onStart).not.toHaveBeenCalled();
    await expect.element(page.getByRole('button')).toHaveAttribute('data-loading', 'true');
  });

  it('lets a device take less on, and choose what it runs on', async () => {
    const onChange = vi.fn();
    await show(form({ choices: whole, onChange }));
    await page.getByText('Advanced').click();
    await page.getByRole('radiogroup', { name: 'How much this device takes on' }).getByText('Quarter').click();
    expect(onChange).toHaveBeenLastCalledWith({ ...whole, portion: 'quarter' });
    await expect.element(page.getByRole('combobox', { name: 'Threads' })).toBeVisible();
    await expectAccessible();
    await page.getByRole('radiogroup', { name: 'Run on' }).getByText('WebGPU').click();
    await expect.element(page.getByRole('combobox', { name: 'Threads' })).not.toBeInTheDocument();
  });

  it('asks for no portion where the strategy leaves no choice', async () => {
    await show(form({ choices: whole, hasBudget: false }));
    await page.getByText('Advanced').click();
    await see('Run on');
    await seeNot('How much this device takes on');
  });

  it('compares with tuning alone where the device is quick, or where its person wants it', async () => {
    const onChange = vi.fn();
    const compare = () => page.getByRole('switch', { name: 'Find out whether joining helps me' });
    const { change } = await show(form({ onChange }));
    await expect.element(compare()).not.toBeChecked();
    await change(form({ onChange, comparesByDefault: true }));
    await expect.element(compare()).toBeChecked();
    await compare().click();
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ compare: false }));
    await expect.element(compare()).not.toBeChecked();
    await see(/^Up to twice the computing/);
  });
});
