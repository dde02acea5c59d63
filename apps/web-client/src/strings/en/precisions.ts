/** How weights lie on a device. */
export const precisionNames = { file: 'as in the file', f32: 'f32', f16: 'f16', int8: 'int8', int4: 'int4' } as const;
