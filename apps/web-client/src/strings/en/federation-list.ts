export const strings = {
  looking: 'Looking for federations',
  failed: 'The list of federations did not come',
  none: 'There is no federation yet.',
  noneHint: 'Whoever runs this coordinator can create one on the operator’s page.',
  runBy: 'Run by',
  model: 'Model',
  round: 'Round',
  here: 'Here now',
  entry: 'Entry',
  open: 'open to all',
  invite: 'by invitation',
} as const;

export function roundOf(round: number, rounds: number): string {
  return `${round} of ${rounds}`;
}
