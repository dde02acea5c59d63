import { existsSync } from 'node:fs';
import { type Browser, chromium, type LaunchOptions } from 'playwright';

/**
 * What headless Chromium needs for WebGPU, and to stay quiet on a closed network. Timer and renderer throttling are off:
 * a simulation's tabs are all "in the background" but one.
 */
const CHROMIUM_FLAGS = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** WebGPU without a GPU, as the tests have it everywhere. */
const SOFTWARE = '--use-webgpu-adapter=swiftshader';

/** @param executablePath a whole Chromium or Chrome (Playwright's headless shell has no WebGPU); without one, Playwright's */
export function launchOptions(executablePath = process.env.PERFIT_BROWSER): LaunchOptions {
  return { args: [...CHROMIUM_FLAGS, SOFTWARE], ...(executablePath ? { executablePath } : {}) };
}

/**
 * A browser for people to look at: on the GPU where the machine has one, else with WebGPU in software.
 * @param origin a page of it asks for the adapter: only a trustworthy origin may
 */
export async function launchBrowser(options: {
  headed: boolean;
  origin: string;
}): Promise<{ browser: Browser; isSoftware: boolean }> {
  const inSoftware = { ...launchOptions(), headless: !options.headed };
  const browser = await chromium.launch({ ...inSoftware, args: CHROMIUM_FLAGS });
  if (await hasGpu(browser, options.origin)) return { browser, isSoftware: false };
  await browser.close();
  return { browser: await chromium.launch(inSoftware), isSoftware: true };
}

async function hasGpu(browser: Browser, origin: string): Promise<boolean> {
  const page = await browser.newPage();
  try {
    await page.goto(new URL('/healthz', origin).href);
    return await page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter();
      return Boolean(adapter && !adapter.info.isFallbackAdapter);
    });
  } finally {
    await page.close();
  }
}

/** Where Debian has Firefox, or where `PERFIT_FIREFOX` says it is. */
export function firefoxPath(): string | null {
  const path = process.env.PERFIT_FIREFOX ?? '/usr/bin/firefox-esr';
  return existsSync(path) ? path : null;
}

/** A stock Firefox over WebDriver BiDi: Playwright's own build cannot be downloaded everywhere. */
export function firefoxOptions(executablePath: string): { channel: string; launchOptions: LaunchOptions } {
  return { channel: 'moz-firefox', launchOptions: { executablePath } };
}
