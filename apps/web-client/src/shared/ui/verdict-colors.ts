/** Of whether something fits a device. */
export const verdictColors = { fits: 'teal', tight: 'yellow', 'too large': 'red' } as const;
