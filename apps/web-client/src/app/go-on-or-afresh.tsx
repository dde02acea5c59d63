import { Button, Group } from '@mantine/core';
import { strings } from '#strings/app.ts';
import { StartOver } from './start-over.tsx';
import type { ParticipationControls } from './use-participation.ts';

interface GoOnOrAfreshProps {
  readonly controls: ParticipationControls;
  /** See `StartOver`. */
  readonly exportFirst?: (() => void) | null;
}

/** What a person can do where a run has stopped. */
export function GoOnOrAfresh({ controls, exportFirst = null }: GoOnOrAfreshProps) {
  return (
    <Group gap="sm">
      <Button size="xs" onClick={() => controls.resume(false)}>
        {strings.join.goOn}
      </Button>
      <StartOver size="xs" variant="default" controls={controls} exportFirst={exportFirst} />
    </Group>
  );
}
