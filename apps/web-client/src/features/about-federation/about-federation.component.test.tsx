import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { sampleFederation } from '../../../test/samples.ts';
import { expectAccessible, see, seeFact, show } from '../../../test/stage.tsx';
import { AboutFederation, type Computing } from './about-federation.tsx';

const federation = sampleFederation();
const about = (computing: Computing, of = federation, isKept = false) => (
  <AboutFederation step={1} federation={of} computing={computing} isKept={isKept} />
);
const measuring: Computing = { kind: 'measuring' };

describe('AboutFederation', () => {
  it('says how long tuning takes here, as soon as that is known', async () => {
    const { change } = await show(about(measuring));
    await seeFact('Compute time here', 'measuring…');
    await expectAccessible();
    await change(about({ kind: 'unknown' }));
    await seeFact('Compute time here', /unknown\s+This device wasn’t measured\./);
    const time = { beforehand: 60, round: 130 };
    await change(about({ kind: 'estimated', of: 'sample', time }));
    await seeFact('Compute time here', /about 2 minutes\s+roughly, per round, for a text like the samples, plus about/);
    await change(about({ kind: 'estimated', of: 'text', time: { ...time, beforehand: 0 } }));
    await seeFact('Compute time here', /about 2 minutes\s+roughly, per round, for your text/);
    await expectAccessible();
  });

  it('says what is fetched once, and that nothing is where the model is here', async () => {
    const { change } = await show(about(measuring));
    await seeFact('One-time download', /3\.2 MB\s+perfit-nano, for demonstrations/);
    await change(about(measuring, federation, true));
    await seeFact('One-time download', /^0 B .*Already saved in this browser\./);
  });

  it('says what stays and what is sent', async () => {
    await show(about(measuring));
    await see('Stays in this tab', 'Your text, all of it: it is read, split and trained on here.');
    await see('Sent to the coordinator', /^Masks and changes are made from your text/);
  });

  it.each([
    [{ state: 'recruiting', ready: 1, recruit: 2 }, 'waiting for people', /when one more person is ready/],
    [{ state: 'recruiting', ready: 1, recruit: 4 }, 'waiting for people', /when 3 more people are ready/],
    [{ state: 'training', round: 2 }, 'in progress', /^Each takes at most/],
    [{ state: 'paused', round: 2 }, 'paused', /^Each takes at most/],
    [{ state: 'finished', round: 3 }, 'finished', /^Each takes at most/],
    [{ state: 'stopped', round: 1 }, 'ended early', /^Each takes at most/],
  ] as const)('says where the federation stands: %o', async (status, badge, rounds) => {
    await show(about(measuring, sampleFederation({ status })));
    await see(badge, rounds);
  });

  it('names its host, and links to what may be linked to', async () => {
    const { change } = await show(about(measuring));
    const host = page.getByTestId('host');
    await expect.element(host).toHaveTextContent(/Run by the operator of this site/);
    await change(
      about(measuring, sampleFederation({ host: { name: 'The guild', contact: 'mailto:guild@example.org' } })),
    );
    await expect.element(host).toHaveTextContent(/Run by The guild/);
    await expect.element(host.getByRole('link')).toHaveAttribute('href', 'mailto:guild@example.org');
    await change(about(measuring, sampleFederation({ host: { name: 'The guild', contact: 'ask at the counter' } })));
    await expect.element(host).toHaveTextContent('ask at the counter');
    await expect.element(host.getByRole('link')).not.toBeInTheDocument();
    await change(about(measuring, sampleFederation({ host: { name: 'The guild' } })));
    await expect.element(host).toHaveTextContent('No contact given.');
  });

  it('has its whole configuration for whoever asks', async () => {
    await show(about(measuring));
    await page.getByText('Configuration').click();
    await expect.element(page.getByRole('row', { name: 'Method' })).toHaveTextContent('perfit');
    await expectAccessible();
  });
});
