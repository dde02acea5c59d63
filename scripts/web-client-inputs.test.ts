import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';
import { isWebClientInput, webClientPlaces } from './web-client-inputs.mjs';

const root = dirname(import.meta.dirname);
const isInput = (path: string) =>
  webClientPlaces.some((place) => path === place || path.startsWith(`${place}/`)) && isWebClientInput(path);

describe('the web client is built again', () => {
  it.each([
    'apps/web-client/index.html',
    'apps/web-client/package.json',
    'apps/web-client/vite.config.ts',
    'apps/web-client/tsconfig.json',
    'apps/web-client/.env',
    'apps/web-client/build/offline-shell.ts',
    'apps/web-client/public/favicon.svg',
    'apps/web-client/src/service-worker/service-worker.js',
    'packages/perfit-core/package.json',
    'packages/perfit-core/tsconfig.json',
    'samples/bakers-shop.jsonl',
    'patches/playwright-core@1.65.1.patch',
    'pnpm-lock.yaml',
    'tsconfig.base.json',
  ])('for a change of %s', (path) => {
    expect(isInput(path)).toBe(true);
  });

  it.each([
    'README.md',
    'samples/README.md',
    'packages/protocol/SPEC.md',
    'packages/perfit-core/src/text/datasets.test.ts',
    'packages/perfit-core/test/webgpu.ts',
    'packages/testkit/src/scripted-tuner.ts',
    'packages/perfit-core/src/node/index.ts',
    'apps/web-client/src/contract/session/estimate.test.ts',
    'apps/web-client/src/app/a.component.test.tsx',
    'apps/web-client/test/stage.tsx',
    'apps/web-client/vitest.config.ts',
    'apps/coordinator/src/coordinator.ts',
    'e2e/specs/join.spec.ts',
  ])('not for one of %s', (path) => {
    expect(isInput(path)).toBe(false);
  });

  it('for one of any source that is reached by imports', () => {
    const reached = reachedFrom(['apps/web-client/src/main.tsx', 'apps/web-client/src/engine/engine-worker.ts']);
    expect(reached.filter((path) => path.startsWith('packages/perfit-core/')).length).toBeGreaterThan(50);
    expect(reached.filter((path) => !isInput(path))).toEqual([]);
  });
});

/** @returns the files of this repository that these import, and what those import, by their paths from the root */
function reachedFrom(entries: readonly string[]): string[] {
  const found = new Set(entries.map((path) => join(root, path)));
  // A set that grows while it is walked is walked to its end.
  for (const file of found) {
    if (!/\.tsx?$/.test(file)) continue;
    const text = readFileSync(file, 'utf8');
    const { module } = parseSync(file, text);
    const specifiers = [
      ...module.staticImports.map((one) => one.moduleRequest.value),
      ...module.staticExports.flatMap(({ entries: all }) => all.map((one) => one.moduleRequest?.value ?? '')),
      ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1)),
    ];
    for (const specifier of specifiers) {
      const target = fileOf(specifier.split('?')[0] as string, file);
      if (target) found.add(target);
    }
  }
  return [...found].map((file) => relative(root, file));
}

/** @returns null for what lies in node_modules */
function fileOf(specifier: string, importer: string): string | null {
  if (specifier.startsWith('.')) {
    const file = join(dirname(importer), specifier);
    if (!existsSync(file)) throw new Error(`${importer} imports ${specifier}, which is not there`);
    return file;
  }
  if (specifier.startsWith('#strings/')) return join(root, 'apps/web-client/src/strings/en', specifier.slice(9));
  const [, name, entry = ''] = /^@perfit\/(\w+)(\/\w+)?$/.exec(specifier) ?? [];
  if (!name) return null;
  const room = join(root, 'packages', name === 'core' ? 'perfit-core' : name);
  const { exports } = JSON.parse(readFileSync(join(room, 'package.json'), 'utf8'));
  return join(room, exports[`.${entry}`]);
}
