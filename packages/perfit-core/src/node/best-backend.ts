import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { softwareNames } from '../backend/webgpu-device.ts';

const PATIENCE_MS = 20_000;

/**
 * WebGPU where Dawn finds a device in hardware, WASM otherwise. Drivers are tried in a process of their own: those that
 * are broken take it down, and those that are missing complain on standard error.
 */
export async function bestBackend(): Promise<'wasm' | 'webgpu'> {
  try {
    const dawn = pathToFileURL(createRequire(import.meta.url).resolve('webgpu')).href;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', probe, dawn], {
      timeout: PATIENCE_MS,
    });
    return stdout.trim() === 'hardware' ? 'webgpu' : 'wasm';
  } catch {
    return 'wasm';
  }
}

const probe = `
  const { create, globals } = await import(process.argv[1]);
  Object.assign(globalThis, globals);
  const adapter = await create(process.platform === 'linux' ? ['backend=vulkan'] : []).requestAdapter();
  const { description, architecture, isFallbackAdapter } = adapter?.info ?? {};
  const isSoftware = isFallbackAdapter || ${softwareNames}.test(architecture + ' ' + description);
  console.log(adapter && !isSoftware ? 'hardware' : 'none');
  process.exit(0);
`;
