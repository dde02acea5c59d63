import { Badge } from '@mantine/core';
import { strings } from '#strings/models.ts';
import type { Fit } from '../../contract/catalogue-api.ts';

const colours = { fits: 'teal', tight: 'yellow', 'too large': 'red' } as const;

/** Whether something fits this device, in a word. */
export function VerdictBadge({ verdict }: Pick<Fit, 'verdict'>) {
  return (
    <Badge component="span" variant="light" color={colours[verdict]} data-verdict={verdict}>
      {strings.verdicts[verdict]}
    </Badge>
  );
}
