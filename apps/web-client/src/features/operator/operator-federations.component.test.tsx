import type { OperatorModel } from '@perfit/protocol';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { sampleFederation } from '../../../test/samples.ts';
import { button, expectAccessible, field, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { OperatorFederations } from './operator-federations.tsx';

const FEDERATIONS = 'GET /api/admin/federations';
const MODELS = 'GET /api/admin/models';
const CREATE = 'POST /api/admin/federations';
const models: readonly OperatorModel[] = [
  {
    id: 'perfit-nano',
    bytes: 3_200_000,
    problem: null,
    notes: ['It is small.'],
    recipe: { learningRate: 0.005, warmup: 0.1, decay: 'cosine' },
  },
  { id: 'smol', bytes: 269_000_000, problem: null, notes: [], recipe: null },
];
const broken: OperatorModel = { id: 'half', bytes: 0, problem: 'half has no config.json.', notes: [], recipe: null };
const list = (onCreated = (_: string) => {}) => <OperatorFederations onCreated={onCreated} />;

describe('OperatorFederations', () => {
  it('looks, and then says that there are none yet', async () => {
    const looking = later<readonly unknown[]>();
    playCoordinator({ [FEDERATIONS]: () => looking.answer });
    await show(list());
    await seeNot('On this coordinator');
    looking.give([]);
    await see(/^None yet\. Create the first one/);
    await expectAccessible();
  });

  it('says where it could not', async () => {
    playCoordinator({ [FEDERATIONS]: () => refusal('internal', 'The disk is full.', 500) });
    await show(list());
    await seeFailure('That didn’t work', 'The disk is full.');
    await expect.element(button('New federation')).toBeEnabled();
  });

  it('lists each with where it stands', async () => {
    const other = sampleFederation({
      id: 'millers',
      config: { name: 'Millers' },
      status: { state: 'finished', round: 3 },
    });
    playCoordinator({ [FEDERATIONS]: () => [sampleFederation(), other] });
    await show(list());
    await expect
      .element(page.getByRole('row', { name: /^Bakers recruiting 0 \/ 3 1 perfit perfit-nano/ }))
      .toBeVisible();
    await expect.element(page.getByRole('row', { name: /^Millers finished 3 \/ 3/ })).toBeVisible();
    await expect.element(page.getByRole('link', { name: 'Millers' })).toHaveAttribute('href', '/operator/millers');
    await expectAccessible();
  });

  it('says which models cannot be offered, and why', async () => {
    playCoordinator({ [FEDERATIONS]: () => [], [MODELS]: () => [...models, broken] });
    await show(list());
    await button('New federation').click();
    await see('Models that can’t be offered', 'half has no config.json.');
    await page.getByRole('combobox', { name: 'Model', exact: true }).click();
    await expect
      .poll(() =>
        page
          .getByRole('option')
          .elements()
          .map(({ textContent }) => textContent),
      )
      .toEqual(['perfit-nano', 'smol']);
  });
});

describe('CreateForm', () => {
  const start = async (played: Parameters<typeof playCoordinator>[0] = {}, onCreated?: (id: string) => void) => {
    playCoordinator({ [FEDERATIONS]: () => [], [MODELS]: () => models, ...played });
    await show(list(onCreated));
    await button('New federation').click();
    await expect.element(field('Name')).toBeVisible();
  };

  it('begins with what fits its model, and says what it costs', async () => {
    await start();
    await see('It is small.', /^Each client downloads 3\.2 MB once/);
    await expect.element(field('Learning rate')).toHaveValue('0.005');
    await expectAccessible();
    await page.getByRole('combobox', { name: 'Model', exact: true }).click();
    await page.getByRole('option', { name: 'smol' }).click();
    await see(/^Each client downloads 269 MB once/);
    await seeNot('It is small.');
  });

  it('fills itself in from a preset, and keeps the name', async () => {
    await start();
    await field('Name').fill('Bakers');
    await page.getByRole('radio', { name: 'Overnight' }).click();
    await expect.element(page.getByRole('radio', { name: 'Overnight' })).toBeChecked();
    await expect.element(field('Rounds')).toHaveValue('12');
    await expect.element(field('Name')).toHaveValue('Bakers');
    await userEvent.keyboard('{ArrowUp}');
    await expect.element(field('Rounds')).toHaveValue('8');
  });

  it('marks what is wrong, and brings the focus there, also where it is folded away', async () => {
    const create = vi.fn();
    await start({ [CREATE]: create });
    await button('Create federation').click();
    await expect.element(field('Name')).toHaveAttribute('aria-invalid', 'true');
    await expect.element(field('Name')).toHaveFocus();
    await expectAccessible();
    await field('Name').fill('Bakers');
    await page.getByText('Advanced').click();
    await field('Held out').fill('2');
    await page.getByText('Advanced').click();
    await button('Create federation').click();
    await expect.element(field('Held out')).toHaveFocus();
    await expect.element(field('Held out')).toBeVisible();
    expect(create).not.toHaveBeenCalled();
  });

  it('asks for what the chosen strategy uses, and nothing else', async () => {
    await start();
    await page.getByText('Advanced').click();
    await expect.element(field('Search steps')).toBeVisible();
    await expectAccessible();
    await button('Add limit').click();
    await expect.element(field('Below (tokens/s)')).toBeVisible();
    await button('Remove limit 1').click();
    await expect.element(field('Below (tokens/s)')).not.toBeInTheDocument();
    await page.getByRole('combobox', { name: 'Strategy' }).click();
    await page.getByRole('option', { name: 'fedit', exact: true }).click();
    await expect.element(field('Search steps')).not.toBeInTheDocument();
    await page.getByRole('combobox', { name: 'Server optimizer' }).click();
    await page.getByRole('option', { name: 'FedAdam: adaptive steps' }).click();
    await see('About how far a parameter moves: use well below 1');
  });

  it('creates, and leads to what it created', async () => {
    const create = vi.fn((_: unknown) => ({ id: 'bakers', joinUrl: 'https://example.org/join/bakers', invite: 'abc' }));
    const onCreated = vi.fn();
    await start({ [CREATE]: create }, onCreated);
    await field('Name').fill('Bakers');
    await userEvent.keyboard('{Enter}');
    await expect.poll(() => onCreated.mock.calls).toEqual([['bakers']]);
    expect(create.mock.calls[0]?.[0]).toMatchObject({ name: 'Bakers', model: 'perfit-nano', strategy: 'perfit' });
  });

  it('says why the coordinator refuses, and can be given up', async () => {
    await start({ [CREATE]: () => refusal('conflict', 'There is one of this name.', 409) });
    await field('Name').fill('Bakers');
    await button('Create federation').click();
    await seeFailure('Could not create the federation', 'There is one of this name.', 'conflict');
    await expectAccessible();
    await button('Cancel').click();
    await expect.element(button('New federation')).toBeVisible();
    await expect.element(button('Create federation')).not.toBeInTheDocument();
  });
});
