/** Whether a model is the embedded one, which shows how everything works and says little of sense. */
export function isDemonstration(model: string): boolean {
  return model.split('/').at(-1) === 'perfit-nano';
}
