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
