import { existsSync } from 'node:fs';
import { type Browser, chromium, type LaunchOptions } from 'playwright';

/**
 * What headless Chromium needs for WebGPU without a GPU (SwiftShader), and to stay quiet on a closed network.
 * Timer and renderer throttling are off: a simulation's tabs are all "in the background" but one.
 */
const CHROMIUM_FLAGS = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** @param executablePath a whole Chromium or Chrome (Playwright's headless shell has no WebGPU); without one, Playwright's */
export function launchOptions(executablePath = process.env.PERFIT_BROWSER): LaunchOptions {
  return { args: CHROMIUM_FLAGS, ...(executablePath ? { executablePath } : {}) };
}

export function launchBrowser(options: { headed: boolean }): Promise<Browser> {
  return chromium.launch({ ...launchOptions(), headless: !options.headed });
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
