import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { at, instant, sampleDetail } from '../../../test/samples.ts';
import { expectAccessible, field, see, seeNot, show } from '../../../test/stage.tsx';
import { Events } from './events.tsx';

const events = [
  { sequence: 1, at: instant, kind: 'joined', text: 'Ada joined.' },
  { sequence: 2, at: new Date(at + 1000).toISOString(), kind: 'refused', text: 'Grace sent too much.' },
  { sequence: 3, at: new Date().toISOString(), kind: 'round', text: 'Round 1 has begun.' },
];
const texts = () =>
  page
    .getByRole('listitem')
    .elements()
    .map(({ lastChild }) => lastChild?.textContent);

describe('Events', () => {
  it('says that there are none', async () => {
    await show(<Events detail={sampleDetail()} />);
    await see('No events yet.');
    await expect.element(field('Filter')).not.toBeInTheDocument();
  });

  it('shows the latest first, with the day where it is not today', async () => {
    await show(<Events detail={sampleDetail({ events })} />);
    await expect.poll(texts).toEqual(['Round 1 has begun.', 'Grace sent too much.', 'Ada joined.']);
    await see(/22 Nov 2026/);
    await expectAccessible();
  });

  it('finds by word and by type, and says where there are none such', async () => {
    await show(<Events detail={sampleDetail({ events })} />);
    await field('Filter').fill('  ADA');
    await expect.poll(texts).toEqual(['Ada joined.']);
    await field('Filter').fill('refused');
    await expect.poll(texts).toEqual(['Grace sent too much.']);
    await field('Filter').fill('nothing');
    await see('No matching events.');
    await expectAccessible();
    await field('Filter').clear();
    await seeNot('No matching events.');
    await expect.poll(texts).toHaveLength(3);
  });

  it('shows what comes while it is looked at', async () => {
    const { change } = await show(<Events detail={sampleDetail({ events })} />);
    await field('Filter').fill('round');
    const next = { sequence: 4, at: new Date().toISOString(), kind: 'round', text: 'Round 1 is done.' };
    await change(<Events detail={sampleDetail({ events: [...events, next] })} />);
    await expect.poll(texts).toEqual(['Round 1 is done.', 'Round 1 has begun.']);
  });
});
