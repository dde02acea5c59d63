import { UsageError } from '../explain.ts';
import type { Budgets } from './simulation-config.ts';

/** [PF2] By a client's name, the largest share of the parameters that it may own; who is not in it may own any. */
export type BudgetsByName = Readonly<Record<string, number>>;

/** A list goes round; a map is by name. @throws UsageError for a name that no client has */
export function budgetsByName(budgets: Budgets | undefined, names: readonly string[]): BudgetsByName {
  if (!budgets) return {};
  if (Array.isArray(budgets)) {
    return Object.fromEntries(names.map((name, i) => [name, budgets[i % budgets.length] as number]));
  }
  const stranger = Object.keys(budgets).find((name) => !names.includes(name));
  if (stranger === undefined) return budgets;
  throw new UsageError(`budgets: there is no client "${stranger}"; there are ${names.join(', ')}.`);
}
