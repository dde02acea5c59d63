export const strings = {
  looking: 'Loading federations',
  failed: 'Could not load federations',
  none: 'No federations yet',
  noneHint: 'Whoever runs this coordinator can create one on the operator page.',
  runBy: 'Run by',
  model: 'Model',
  round: 'Round',
  here: 'Ready now',
  entry: 'Access',
  open: 'open to everyone',
  invite: 'invite only',
} as const;

export function roundOf(round: number, rounds: number): string {
  return `${round} of ${rounds}`;
}
