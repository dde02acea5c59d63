import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Writes how many tests were left out for which reason into the file that PERFIT_LEFT_OUT names: see scripts/test.mjs.
 * @public Vitest loads it by its path.
 */
export default class LeftOutReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env.PERFIT_LEFT_OUT;
    if (!file) return;
    const leftOut: Record<string, number> = {};
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const reason = reasonOf(test);
        leftOut[reason] = (leftOut[reason] ?? 0) + 1;
      }
    }
    writeFileSync(file, JSON.stringify(leftOut));
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return test.meta().leftOut ?? note ?? `no reason is given (${test.module.relativeModuleId}: ${test.name})`;
}
