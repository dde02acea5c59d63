import { Stack, Text, Title } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { strings } from '#strings/models.ts';
import type { ModelWish } from '../contract/models-api.ts';
import { Chat } from '../features/chat/chat.tsx';
import { AdapterInUse } from '../features/models/adapter-in-use.tsx';
import { CachedModels } from '../features/models/cached-models.tsx';
import { Catalogue } from '../features/models/catalogue.tsx';
import { EvaluateFile } from '../features/models/evaluate-file.tsx';
import { OpenOther } from '../features/models/open-other.tsx';
import { Opened } from '../features/models/opened.tsx';
import { Opening } from '../features/models/opening.tsx';
import { type PrecisionWish, precisionOf } from '../features/models/precision.ts';
import { ThisDevice } from '../features/models/this-device.tsx';
import { type OpenModelControls, useOpenModel } from '../features/models/use-open-model.ts';
import { isDemonstration } from '../shared/federation/is-demonstration.ts';
import classes from './models-page.module.css';

/** /models: models outside a federation. */
export function ModelsPage() {
  const [precision, setPrecision] = useState<PrecisionWish>('auto');
  const { backend = 'auto' } = useSearch({ from: '/models' });
  const controls = useOpenModel();
  const { state } = controls;
  const place = useRef<HTMLDivElement>(null);
  const isLoading = state.kind === 'loading';

  // Whoever pressed a button far below sees, and hears, what came of it.
  useEffect(() => {
    if (!isLoading) return;
    place.current?.scrollIntoView({ block: 'start' });
    place.current?.focus({ preventScroll: true });
  }, [isLoading]);

  const open = (wish: ModelWish) => controls.open(wish);
  return (
    <Stack gap="md">
      <Stack gap="xs" maw={760}>
        <Title order={1}>{strings.title}</Title>
        <Text size="lg" c="dimmed">
          {strings.lead}
        </Text>
      </Stack>
      <ThisDevice backend={backend} />
      {state.kind === 'closed' ? null : (
        <div ref={place} tabIndex={-1} className={classes.place} data-testid="open-state" data-state={state.kind}>
          <Opening controls={controls} />
          <OpenModel controls={controls} />
        </div>
      )}
      <Catalogue backend={backend} precision={precision} onPrecision={setPrecision} state={state} onOpen={open} />
      <OpenOther precision={precision} busy={isLoading} onOpen={open} />
      <CachedModels busy={isLoading} onOpen={(origin) => open({ origin, ...precisionOf(precision) })} />
    </Stack>
  );
}

/** What can be done with the model that is open. */
function OpenModel({ controls }: { readonly controls: OpenModelControls }) {
  const { state, adapt, close } = controls;
  if (state.kind !== 'open') return null;
  const { model, adapter } = state;
  return (
    <Stack gap="md">
      <Opened model={model} onClose={close} />
      <Chat
        ready={{ base: true, personal: adapter !== null }}
        working={false}
        words={strings.chat}
        isDemonstration={isDemonstration(model.name)}
      />
      <AdapterInUse adapter={adapter} adapt={adapt} />
      <EvaluateFile adapter={adapter} contextLength={model.contextLength} />
    </Stack>
  );
}
