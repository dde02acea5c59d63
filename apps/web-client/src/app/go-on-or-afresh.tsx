import { Button, Group } from '@mantine/core';
import { strings } from '#strings/app.ts';
import type { ParticipationControls } from './use-participation.ts';

/** What a person can do where a run has stopped. */
export function GoOnOrAfresh({ controls }: { readonly controls: ParticipationControls }) {
  return (
    <Group gap="sm">
      <Button size="xs" onClick={() => controls.resume(false)}>
        {strings.join.goOn}
      </Button>
      <Button size="xs" variant="default" title={strings.join.afreshHint} onClick={controls.startAfresh}>
        {strings.join.afresh}
      </Button>
    </Group>
  );
}
