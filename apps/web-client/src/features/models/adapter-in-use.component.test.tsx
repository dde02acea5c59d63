import { useState } from 'react';
import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { button, expectAccessible, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { FailureError } from '../../contract/failure.ts';
import { AdapterInUse } from './adapter-in-use.tsx';
import type { OpenModelControls } from './use-open-model.ts';

const config = new File(['{}'], 'adapter_config.json');
const weights = new File(['1'], 'adapter_model.safetensors');
const give = (...files: File[]) => page.getByTestId('adapter-files').upload(files);

/** The page keeps the name of the one that goes with the model. */
function Kept({ adapt }: { readonly adapt: OpenModelControls['adapt'] }) {
  const [name, setName] = useState<string | null>(null);
  const take: typeof adapt = async (wanted) => {
    await adapt(wanted);
    setName(wanted?.name ?? null);
  };
  return <AdapterInUse adapter={name} adapt={take} />;
}

describe('AdapterInUse', () => {
  it('uses none at first, then what is given, and none again', async () => {
    const adapting = later<void>();
    await show(<Kept adapt={() => adapting.answer} />);
    await expect.element(page.getByRole('status')).toHaveTextContent('None in use.');
    await expectAccessible();
    await give(weights, config);
    await expect.element(page.getByRole('button', { name: 'Choose both files' })).toHaveAttribute('data-loading');
    adapting.give();
    await expect.element(page.getByRole('status')).toHaveTextContent('In use: adapter_model.safetensors');
    await expect.element(button('Choose another adapter')).toBeEnabled();
    await expectAccessible();
    await button('Remove adapter').click();
    await see('None in use.');
    await expect.element(button('Remove adapter')).not.toBeInTheDocument();
  });

  it('wants both files at once', async () => {
    await show(<Kept adapt={async () => {}} />);
    await give(config);
    await seeFailure('Could not load the adapter', 'An adapter is two files', 'adapter-missing-file');
    await expectAccessible();
    await give(config, weights);
    await see('In use: adapter_model.safetensors');
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
  });

  it('says why one does not go with the model', async () => {
    const failure = { code: 'adapter-shape', message: 'It is for 30 layers, and this model has 2.' } as const;
    await show(
      <Kept
        adapt={async () => {
          throw new FailureError(failure);
        }}
      />,
    );
    await give(config, weights);
    await seeFailure('Could not load the adapter', 'It is for 30 layers, and this model has 2.');
    await see('None in use.');
  });
});
