import type { BackendChoice } from '../local-model.ts';
import type { ClientText } from './client-texts.ts';
import { type Cell, ExperimentRunner, type Plan } from './experiment.ts';
import { duration, nameOf } from './progress.ts';

/** What would be run and for about how long, in lines: for that a few batches are tuned. */
export async function describePlan(plan: Plan, missing: readonly Cell[], backend: BackendChoice): Promise<string> {
  const { config, mode, cells } = plan;
  const [first] = cells as [Cell];
  const where = mode === 'live' ? ', each with a coordinator of its own' : '';
  const lines = [`${config.name}: ${cells.length} cells${where}, ${cells.length - missing.length} of them done`];
  for (const text of first.texts) lines.push(`  ${describeClient(text, first.budgets[text.name])}`);
  for (const cell of missing) lines.push(`  ${nameOf(cell)}: ${cell.config.schedule.rounds} rounds`);
  if (missing.length > 0) lines.push(await describeEffort(plan, missing, backend));
  return `${lines.join('\n')}\n`;
}

function describeClient({ name, training, heldOut, validation }: ClientText, budget: number | undefined): string {
  const parts = [`${training.length} rows to train on`, `${heldOut.length} held out`];
  if (validation.length > 0) parts.push(`${validation.length} to validate on`);
  if (budget !== undefined) parts.push(`owns at most ${Number((100 * budget).toFixed(2))} %`);
  return `client ${name}: ${parts.join(', ')}`;
}

async function describeEffort({ config }: Plan, missing: readonly Cell[], backend: BackendChoice): Promise<string> {
  const runner = await ExperimentRunner.start(config, backend);
  const seconds = await runner.secondsPerBatch(missing[0] as Cell);
  runner.close();
  const work = missing.reduce((sum, cell) => sum + cell.work, 0);
  return `About ${duration(work * seconds)} on ${backend}: ${Math.round(work)} batches of ${seconds.toFixed(2)} s.`;
}
