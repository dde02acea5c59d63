/** A cell could not be run in a process of its own: its sentence is for whoever runs the experiment. */
export class CellError extends Error {
  override readonly name = 'CellError';
  readonly code = 'cell-failed';
}
