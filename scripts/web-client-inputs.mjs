// What the built web client is made of: a change there, and only there, is worth building it again.

/** Files and folders, from the root. */
export const webClientPlaces = [
  'apps/web-client',
  'packages',
  'samples',
  'patches',
  'pnpm-lock.yaml',
  // What the tsconfig.json of each room builds on; Vite reads from them how to compile.
  'tsconfig.base.json',
];

/** Whatever is not known to be left out by the build counts: an old page would be worse than a build too many. */
const leftOut = [
  /\.md$/,
  /\.test\.tsx?$/,
  /\/vitest\.config\.ts$/,
  /^(apps|packages)\/[^/]+\/test\//,
  // What tests share.
  /^packages\/testkit\//,
  // `@perfit/core/node`: what a browser has no use for.
  /^packages\/perfit-core\/src\/node\//,
];

/** @param path from the root, of a file in one of the places, with slashes */
export function isWebClientInput(path) {
  return !leftOut.some((pattern) => pattern.test(path));
}
