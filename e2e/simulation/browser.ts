import { type Browser, chromium } from 'playwright';

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

/** @param executablePath a Chromium or Chrome; without one, Playwright's own */
export function launchBrowser(options: { headed: boolean; executablePath?: string | undefined }): Promise<Browser> {
  // `--headless=new` is the whole browser: Playwright's default headless shell has no WebGPU.
  const args = options.headed ? CHROMIUM_FLAGS : ['--headless=new', ...CHROMIUM_FLAGS];
  const executablePath = options.executablePath ?? process.env.PERFIT_BROWSER;
  return chromium.launch({
    headless: !options.headed,
    args,
    ignoreDefaultArgs: ['--headless=old'],
    ...(executablePath ? { executablePath } : {}),
  });
}
