import type { TestProject } from 'vitest/node';
import {
  chromiumsDriver,
  findWebGpuDriver,
  isDriverNamed,
  useWebGpuDriver,
} from '../packages/perfit-core/src/node/webgpu-driver.ts';
import { ensureCommandLine } from '../scripts/setup.mjs';

/** What all tests of a project need once: the driver for WebGPU, and the command line compiled from the sources as they are. */
export async function setup(project: TestProject): Promise<void> {
  project.provide('webGpu', { adapter: await chooseDriver() });
  if (project.name === 'integration') ensureCommandLine();
}

/**
 * Of the drivers in software tests take SwiftShader, which computes slowly and compiles in a fifth of lavapipe's time;
 * a GPU they take where there is one, and a driver that somebody names wherever it is named.
 */
async function chooseDriver(): Promise<'hardware' | 'software' | 'none'> {
  const own = await findWebGpuDriver();
  const isChosen = own.adapter === 'hardware' || isDriverNamed();
  const driver = isChosen ? own : ((await chromiumsDriver()) ?? own);
  if (driver.adapter === 'none' && process.env.PERFIT_REQUIRE_WEBGPU) {
    throw new Error('PERFIT_REQUIRE_WEBGPU is set, and WebGPU finds no adapter: the tests of its programs cannot run.');
  }
  useWebGpuDriver(driver);
  return driver.adapter;
}
