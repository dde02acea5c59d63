import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright/test';

/** What axe holds against a page, in light and in dark: serious and critical findings, as lines to read. */
export async function axeFindings(page: Page): Promise<string[]> {
  const findings: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await inColours(page, colorScheme);
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
    // Colors alone depend on the scheme: the other rules find the same in both.
    const rules = colorScheme === 'dark' ? { runOnly: { type: 'rule' as const, values: ['color-contrast'] } } : {};
    const { violations } = await page.evaluate(
      (options) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, options),
      { resultTypes: ['violations' as const], ...rules },
    );
    for (const { id, impact, help, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue;
      for (const { html, any } of nodes.slice(0, 3)) {
        findings.push(`${colorScheme}: ${id}: ${help}: ${html.slice(0, 160)} ${any[0]?.message ?? ''}`);
      }
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return findings;
}

/** What sticks out of a page on the narrowest of phones, 360 px, so that all of it could be moved sideways. */
export async function sidewaysFindings(page: Page): Promise<string[]> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 780 });
  await page.waitForFunction(() => innerWidth === 360);
  const widest = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? scrollWidth : null;
  });
  if (before) await page.setViewportSize(before);
  return widest === null ? [] : [`${widest} px wide in a window of 360`];
}

/** Shows a page in light or in dark, as the person's system would ask for it, and waits until nothing changes any more. */
export async function inColours(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.waitForFunction(
    (scheme) =>
      document.documentElement.dataset.mantineColorScheme === scheme &&
      document.getAnimations().every(({ playState }) => playState !== 'running'),
    colorScheme,
  );
}

/** Everything that a page of this context does against its content policy, or asks of another origin, from now on. */
export async function watchPolicy(context: BrowserContext, origin: string): Promise<string[]> {
  const breaches: string[] = [];
  await context.exposeFunction('tellBreach', (breach: string) => breaches.push(breach));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample, sourceFile }) => {
      const { tellBreach } = window as unknown as { tellBreach(breach: string): void };
      tellBreach(`${violatedDirective}: ${blockedURI} ${sample} in ${sourceFile}`);
    });
  });
  // Workers have no such event for the page: what they are refused stands in the console.
  context.on('console', (message) => {
    if (/Content Security Policy|Trusted ?Type/i.test(message.text())) breaches.push(message.text());
  });
  context.on('request', (request) => {
    const url = new URL(request.url());
    const isOurs = url.host === new URL(origin).host || ['blob:', 'data:'].includes(url.protocol);
    if (!isOurs) breaches.push(`a request to ${url.href}`);
  });
  return breaches;
}
