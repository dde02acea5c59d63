import { Badge } from '@mantine/core';
import { strings } from '#strings/models.ts';
import type { Fit } from '../../contract/catalogue-api.ts';
import { verdictColors } from '../../shared/ui/verdict-colors.ts';

/** Whether something fits this device, in a word. */
export function VerdictBadge({ verdict }: Pick<Fit, 'verdict'>) {
  return (
    <Badge component="span" variant="light" color={verdictColors[verdict]} data-verdict={verdict}>
      {strings.verdicts[verdict]}
    </Badge>
  );
}
