export const strings = { cancel: 'Cancel' } as const;
