import { execFile } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { softwareNames } from '../wgsl/software-names.ts';

/** What WebGPU finds on this machine in Node, and what a process needs in its environment to find it. */
export interface WebGpuDriver {
  readonly adapter: 'hardware' | 'software' | 'none';
  /** As the driver calls itself; empty where there is none. */
  readonly description: string;
  /** To be set before Dawn is asked; empty where nothing is needed. */
  readonly environment: Readonly<Record<string, string>>;
}

const PROBE_PATIENCE_MS = 20_000;
const SWIFTSHADER = 'vk_swiftshader_icd.json';
const LOADER = 'libvulkan.so.1';
/** glibc's RTLD_NODELETE, which Node has no name for. */
const RTLD_NODELETE = 0x1000;

/**
 * The one place that decides which driver WebGPU gets in Node: the machine's own where Dawn takes it, be it a GPU's or
 * a software one; otherwise, on Linux, the SwiftShader that comes in Chromium's folder. Who names a driver in
 * VK_ICD_FILENAMES or VK_DRIVER_FILES has chosen, and gets that one or none.
 *
 * Each is tried in a process of its own, for a broken driver takes the process down, and a file that lists a driver
 * says nothing about whether Dawn takes it (Debian 12's Mesa 22.3 is refused).
 */
export async function findWebGpuDriver(ask: AskDawn = askDawn): Promise<WebGpuDriver> {
  const own = await ask({});
  if (own.adapter !== 'none' || process.platform !== 'linux' || isDriverNamed()) return own;
  return (await chromiumsDriver(ask)) ?? own;
}

/** What Dawn finds with this added to its environment. */
export type AskDawn = (environment: Record<string, string>) => Promise<WebGpuDriver>;

/** The SwiftShader of a Chromium on this machine, where Dawn takes it. */
export async function chromiumsDriver(ask: AskDawn = askDawn): Promise<WebGpuDriver | null> {
  if (process.platform !== 'linux') return null;
  for (const folder of chromiumFolders()) {
    const file = join(folder, SWIFTSHADER);
    if (!existsSync(file)) continue;
    const driver = await ask({ VK_ICD_FILENAMES: file });
    if (driver.adapter !== 'none') return driver;
  }
  return null;
}

/**
 * Makes this process use that driver. Chromium's folder has the Vulkan loader as well, which a bare machine lacks. The
 * dynamic linker would look there only if LD_LIBRARY_PATH had said so when the process started; a library that is
 * loaded already it finds by its name alone.
 */
export function useWebGpuDriver({ environment }: Pick<WebGpuDriver, 'environment'>): void {
  Object.assign(process.env, environment);
  // Mesa's layers complain where it is missing, whichever driver computes.
  if (process.platform === 'linux') process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const loader = loaderBeside(process.env.VK_ICD_FILENAMES);
  if (!loader) return;
  try {
    process.dlopen({ exports: {} }, loader, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch {
    // It is no addon of Node's, which is said after it was loaded.
  }
}

/** Whether the environment names a driver: then it is that one or none. */
export function isDriverNamed(): boolean {
  return Boolean(process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES);
}

function loaderBeside(icdFile: string | undefined): string | null {
  if (process.platform !== 'linux' || !icdFile) return null;
  const loader = join(dirname(icdFile), LOADER);
  return existsSync(loader) ? loader : null;
}

async function askDawn(environment: Record<string, string>): Promise<WebGpuDriver> {
  const env = { ...process.env, ...environment };
  const loader = loaderBeside(env.VK_ICD_FILENAMES);
  if (loader) env.LD_LIBRARY_PATH = [dirname(loader), env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  try {
    const dawn = pathToFileURL(createRequire(import.meta.url).resolve('webgpu')).href;
    const args = ['--input-type=module', '--eval', probe, dawn, ...dawnFlags()];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: PROBE_PATIENCE_MS, env });
    const { description, isFallback } = JSON.parse(stdout) as { description: string; isFallback: boolean };
    const isSoftware = isFallback || softwareNames.test(description);
    return { adapter: isSoftware ? 'software' : 'hardware', description, environment };
  } catch {
    return { adapter: 'none', description: '', environment: {} };
  }
}

/** Prints nothing where there is no adapter. */
const probe = `
  const [dawn, ...flags] = process.argv.slice(1);
  const { create, globals } = await import(dawn);
  Object.assign(globalThis, globals);
  const adapter = await create(flags).requestAdapter({ powerPreference: 'high-performance' });
  const { description, architecture, isFallbackAdapter } = adapter?.info ?? {};
  if (adapter) console.log(JSON.stringify({ description: description || architecture, isFallback: isFallbackAdapter }));
  process.exit(0);
`;

/** How Dawn is created: with Metal or Direct3D where the system has them. */
export function dawnFlags(): string[] {
  return process.platform === 'linux' ? ['backend=vulkan'] : [];
}

/** Beside the browser that is named, where distributions put one, and where Playwright does. */
function chromiumFolders(): string[] {
  const named = process.env.PERFIT_BROWSER;
  return [
    ...(named && existsSync(named) ? [dirname(realpathSync(named))] : []),
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/usr/lib64/chromium-browser',
    '/opt/google/chrome',
    '/opt/microsoft/msedge',
    '/snap/chromium/current/usr/lib/chromium-browser',
    ...playwrightFolders(),
  ];
}

function playwrightFolders(): string[] {
  const cache = process.env.PLAYWRIGHT_BROWSERS_PATH ?? join(homedir(), '.cache', 'ms-playwright');
  if (!existsSync(cache)) return [];
  return readdirSync(cache)
    .filter((name) => /^chromium-\d+$/.test(name))
    .flatMap((name) => ['chrome-linux', 'chrome-linux64'].map((folder) => join(cache, name, folder)));
}
