import type { BrowserContext, Page } from 'playwright';

declare global {
  interface Window {
    perfitShifts?: { value: number; what: string[] }[];
  }
}

/** From now on every page of the context notes what moves by itself. */
export async function watchShifts(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const shifts: { value: number; what: string[] }[] = [];
    window.perfitShifts = shifts;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput, sources } = entry as PerformanceEntry & {
          value: number;
          hadRecentInput: boolean;
          sources: { node: Element | null }[];
        };
        const what = sources.map(({ node }) => node?.textContent?.slice(0, 60) ?? '');
        if (!hadRecentInput) shifts.push({ value, what });
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

/** What moved since the page was loaded, in all, without the largest of it, and what that was, for the message. */
export async function shiftsOf(page: Page): Promise<{ total: number; butOne: number; worst: string }> {
  const shifts = await page.evaluate(() => window.perfitShifts ?? []);
  const [worst] = shifts.toSorted((a, b) => b.value - a.value);
  const total = shifts.reduce((sum, { value }) => sum + value, 0);
  return { total, butOne: total - (worst?.value ?? 0), worst: JSON.stringify(worst) };
}

/** Forgets what moved so far. */
export async function forgetShifts(page: Page): Promise<void> {
  await page.evaluate(() => window.perfitShifts?.splice(0));
}
