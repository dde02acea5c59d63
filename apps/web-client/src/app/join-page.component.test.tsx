import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { consentSentences } from '#strings/start-form.ts';
import { playCoordinator, refusal } from '../../test/play-coordinator.ts';
import { done, playWorker, refused } from '../../test/play-worker.ts';
import { at, sampleDevice, sampleFederation } from '../../test/samples.ts';
import { showPage } from '../../test/show-page.tsx';
import { button, dialog, expectAccessible, field, see, seeFailure, seeNot } from '../../test/stage.tsx';
import { later } from '../../test/when.ts';
import type { EngineEvent } from '../contract/engine-event.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { DeviceProbe } from '../contract/probe-api.ts';
import type { EarlierSession, RunApi } from '../contract/run-api.ts';

const FEDERATION = 'GET /api/federations/bakers';
const seat = { federation: 'bakers', as: '' };
const earlier: EarlierSession = {
  name: 'Ada',
  dataset: { name: 'letters.jsonl', bytes: 12_400 },
  standing: 'left',
  round: 2,
};
const probe: DeviceProbe = {
  device: sampleDevice,
  speed: 600e9,
  model: { fit: { verdict: 'fits', sentence: 'It fits.' }, precision: 'f32', work: { forward: 1e6, step: 3e6 } },
  most: { tuning: null, chat: null },
};
const forever = () => new Promise<never>(() => {});

/** A browser that knows this of the seat, in front of a federation. */
function play(known: EarlierSession | null, federation = sampleFederation()) {
  const run = {
    resume: vi.fn<RunApi['resume']>(forever),
    reopen: vi.fn<RunApi['reopen']>(forever),
    join: vi.fn<RunApi['join']>(forever),
    forget: vi.fn<RunApi['forget']>(async () => done(null)),
    leave: vi.fn<RunApi['leave']>(async () => done(null)),
    checkInvite: vi.fn<RunApi['checkInvite']>(async () => done(null)),
  };
  playCoordinator({ [FEDERATION]: () => federation });
  playWorker({
    ...run,
    earlier: async () => done(known),
    describeDevice: async () => done(sampleDevice),
    probeDevice: async () => done(probe),
  });
  return run;
}
const section = (name: string) => page.getByRole('region', { name, exact: true });

describe('JoinPage', () => {
  it('looks what is remembered, and shows nothing to decide before it knows', async () => {
    const looking = later<Outcome<EarlierSession | null>>();
    play(null);
    playWorker({ earlier: () => looking.answer });
    await showPage('/join/bakers');
    await expect.element(page.getByRole('heading', { name: 'Bakers' })).toBeVisible();
    await expect.element(section('Your text')).not.toBeInTheDocument();
    looking.give(done(null));
    for (const name of ['About this federation', 'Your text', 'Your device', 'Take part'])
      await expect.element(section(name)).toBeVisible();
    // What is agreed to is in sight, all of it.
    await see(...consentSentences);
    await expectAccessible();
  });

  it('says that there is no such federation', async () => {
    play(null);
    playCoordinator({ [FEDERATION]: () => refusal('unknown-federation', 'There is no federation bakers.', 404) });
    await showPage('/join/bakers');
    await seeFailure('Could not load this federation', 'There is no federation bakers.');
    await expect.element(page.getByRole('link', { name: 'See all federations' })).toHaveAttribute('href', '/');
  });

  it('lets nobody into one that is over', async () => {
    play(null, sampleFederation({ status: { state: 'finished', round: 3 } }));
    await showPage('/join/bakers');
    await seeFailure('This federation has ended', 'It no longer accepts new people.');
    await expect.element(section('Take part')).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('takes the invite out of the address, and asks for a text before anything else', async () => {
    play(null);
    const { address } = await showPage('/join/bakers?invite=abc');
    await expect.element(field('Invite code')).toHaveValue('abc');
    await expect.poll(address).toBe('/join/bakers');
    await see('Add your text first');
  });

  it('says that a model does not fit this device', async () => {
    play(null);
    const fit = { verdict: 'too large', sentence: 'It takes 9.0 GB of 4.0 GB.' } as const;
    playWorker({ probeDevice: async () => done({ ...probe, model: { ...probe.model, fit } }) });
    await showPage('/join/bakers');
    await see('The model doesn’t fit this device: see above.');
    await expect.element(button('Start')).toBeDisabled();
  });

  it('tells a wrong invite where it can be mended, and then begins', async () => {
    const run = play(null);
    run.checkInvite.mockResolvedValueOnce(refused('invite-invalid', 'No.'));
    playWorker({
      readData: async () =>
        done({
          id: 1,
          files: [],
          examples: { training: 72, validation: 8, heldOut: 20 },
          offered: 100,
          duplicates: 0,
          failure: null,
        }),
    });
    await showPage('/join/bakers?invite=wrong');
    await page.getByTestId('dataset-file').upload(new File(['{}'], 'letters.jsonl'));
    await field('Your display name').fill('Ada');
    await page.getByRole('checkbox', { name: 'I understand what is computed here and what is sent.' }).click();
    await button('Start').click();
    await see(/^This federation doesn’t recognize this code/);
    expect(run.join).not.toHaveBeenCalled();
    await field('Invite code').fill('right');
    await seeNot(/^This federation doesn’t recognize this code/);
    await button('Start').click();
    await expect.poll(() => run.join.mock.calls.length).toBe(1);
    const options = run.join.mock.calls[0]?.[0];
    expect(options).toMatchObject({ seat, name: 'Ada', invite: 'right', shareEvaluation: false });
    expect(options?.dataset.name).toBe('letters.jsonl');
    expect(options?.consent?.version).toMatch(/^[0-9a-f]{64}$/);
    await expect.element(section('Now')).toBeVisible();
    await expect.element(section('Take part')).not.toBeInTheDocument();
  });

  it('welcomes back whoever left, and goes on', async () => {
    const consent = { at, version: 'ab', sentences: ['I understand.'], shareEvaluation: true };
    const run = play({ ...earlier, consent });
    await showPage('/join/bakers');
    await see('Welcome back, Ada', /^You left off in round 2\. Your text \(letters\.jsonl\)/);
    await page.getByText('What you agreed to').click();
    await see('I understand.', 'You share how well the model does on your text.');
    await expectAccessible();
    await button('Continue').click();
    await expect.poll(() => run.resume.mock.calls[0]?.slice(0, 2)).toEqual([seat, { takeOver: false }]);
    await see('Welcome back: resuming round 2');
  });

  it('asks before it begins anew, and offers to keep the model', async () => {
    const run = play(earlier);
    await showPage('/join/bakers');
    await button('Start over…').click();
    await expect.element(dialog('Start over?')).toBeVisible();
    await expect.element(button('Export my model first')).toBeEnabled();
    await expectAccessible();
    await userEvent.keyboard('{Escape}');
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
    expect(run.forget).not.toHaveBeenCalled();
    await button('Start over…').click();
    await button('Delete and start over').click();
    await expect.element(section('Take part')).toBeVisible();
    expect(run.forget).toHaveBeenCalledWith(seat);
  });

  it('only loads the model of one that is finished', async () => {
    const run = play({ ...earlier, standing: 'finished' });
    await showPage('/join/bakers');
    await see('You’ve finished this federation. Your personal model is saved in this browser.');
    await expect.element(button('Start over…')).not.toBeInTheDocument();
    await button('Load my model').click();
    await expect.poll(() => run.reopen.mock.calls[0]?.[0]).toEqual(seat);
    await expect.element(section('Now')).toHaveFocus();
  });

  it('goes on by itself after a reload, and leaves when that is wanted', async () => {
    const run = play({ ...earlier, standing: 'running' });
    const said: EngineEvent[] = [
      { type: 'started', name: 'Ada', federation: 'bakers' },
      { type: 'tuning', round: 2, progress: { epoch: 1, step: 3, steps: 12, loss: 2.1, tokens: 100 } } as EngineEvent,
    ];
    run.resume.mockImplementation(async (_, __, sink) => {
      sink(said.map((event) => ({ at, event })));
      return forever();
    });
    const { address } = await showPage('/join/bakers');
    await see('Tuning on your text: step 3 of 12', 'Welcome back: resuming round 2');
    await button('Leave…').click();
    await dialog('Leave this federation?').getByRole('radio', { name: 'Delete everything' }).click();
    await button('Leave and delete').click();
    await expect.poll(address).toBe('/');
    expect(run.leave).toHaveBeenCalledWith('asked');
    expect(run.forget).toHaveBeenCalledWith(seat);
  });

  it('shows one view at a time, under an address of its own, and goes there by keys', async () => {
    const run = play({ ...earlier, standing: 'running' });
    run.resume.mockImplementation(async (_, __, sink) => {
      sink([{ at, event: { type: 'started', name: 'Ada', federation: 'bakers' } }]);
      return forever();
    });
    const { address } = await showPage('/join/bakers?view=ledger');
    const tab = (name: string) => page.getByRole('tab', { name, exact: true });
    await expect.element(section('Ledger')).toBeVisible();
    await expect.element(tab('Ledger')).toHaveAttribute('aria-selected', 'true');
    // A session that goes on by itself takes the focus from nobody.
    await expect.element(section('Now')).not.toHaveFocus();
    await tab('Result').click();
    await expect.poll(address).toBe('/join/bakers');
    await see('Your results appear here with the first round.');
    await expect.element(section('Ledger')).not.toBeInTheDocument();
    await userEvent.keyboard('{ArrowRight}{ArrowRight}');
    await expect.element(tab('Export')).toHaveFocus();
    expect(address()).toBe('/join/bakers');
    await userEvent.keyboard('{Enter}');
    await expect.poll(address).toBe('/join/bakers?view=export');
    await see('Available after the first tuning.');
    await expectAccessible();
    await tab('Settings').click();
    await expect.element(button('Start over…')).toBeVisible();
    await expectAccessible();
  });

  it('says that another tab has the seat, and takes it over or another one', async () => {
    const run = play({ ...earlier, standing: 'running' });
    run.resume.mockResolvedValueOnce(refused('other-tab', 'Another tab is at work.'));
    await showPage('/join/bakers');
    await seeFailure('You’re already taking part in another tab of this browser.', 'Another tab is at work.');
    await expect
      .element(page.getByRole('link', { name: 'Join as someone else' }))
      .toHaveAttribute('href', '/join/bakers?as=2');
    await expectAccessible();
    await button('Take over in this tab').click();
    await expect.poll(() => run.resume.mock.lastCall?.[1]).toEqual({ takeOver: true });
  });

  it('says why else it could not begin, and what can be done', async () => {
    const run = play({ ...earlier, standing: 'running' });
    run.resume.mockResolvedValueOnce(refused('storage-unavailable', 'This browser keeps nothing.'));
    await showPage('/join/bakers');
    await seeFailure('That didn’t work', 'This browser keeps nothing.');
    await expectAccessible();
    await button('Continue').click();
    await expect.poll(() => run.resume.mock.calls.length).toBe(2);
  });
});
