import { Button, type ButtonProps } from '@mantine/core';
import { useState } from 'react';
import { startOverQuestion, strings } from '#strings/app.ts';
import { Confirm, type Instead } from '../shared/ui/confirm.tsx';
import type { ParticipationControls } from './use-participation.ts';

interface StartOverProps extends Pick<ButtonProps, 'size' | 'variant'> {
  readonly controls: ParticipationControls;
  /** How the model can be kept before it is deleted; null where there is none, or no way here. */
  readonly exportFirst: (() => void) | null;
}

/** Key, text, mask and model are gone after it: it asks, and offers to keep the model. */
export function StartOver({ controls, exportFirst, ...button }: StartOverProps) {
  const [isAsked, setIsAsked] = useState(false);
  const close = () => setIsAsked(false);
  const instead: Instead | null = exportFirst && {
    label: strings.join.exportFirst,
    onClick: () => {
      close();
      exportFirst();
    },
  };
  return (
    <>
      <Button {...button} onClick={() => setIsAsked(true)}>
        {strings.join.afresh}
      </Button>
      <Confirm
        question={isAsked ? startOverQuestion : null}
        instead={instead}
        isPending={false}
        error={null}
        onCancel={close}
        onConfirm={() => {
          close();
          controls.startAfresh();
        }}
      />
    </>
  );
}
