import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MEMORY_IMPORT, withSharedMemory } from './shared-memory.ts';

const tfjs = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
const binary = new Uint8Array(await readFile(new URL('tfjs-backend-wasm-simd.wasm', `file://${tfjs}`)));

describe('withSharedMemory', () => {
  it('makes an import of the memory of tfjs’ build, and changes nothing else', async () => {
    const { bytes, initial, maximum } = withSharedMemory(binary);
    const before = await WebAssembly.compile(binary.slice());
    const after = await WebAssembly.compile(bytes);
    const described = ({ module, name }: WebAssembly.ModuleImportDescriptor) => `${module}.${name}`;
    const imports = WebAssembly.Module.imports(after).map(described);
    expect(imports).toEqual([
      `${MEMORY_IMPORT.module}.${MEMORY_IMPORT.name}`,
      ...WebAssembly.Module.imports(before).map(described),
    ]);
    expect(WebAssembly.Module.exports(after)).toEqual(WebAssembly.Module.exports(before));
    const memory = new WebAssembly.Memory({ initial, maximum, shared: true });
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.buffer.byteLength).toBe(initial * 65_536);
  });

  it('says of what is no such module that it is none, whatever is wrong with it', () => {
    expect(() => withSharedMemory(binary.slice(0, 8))).toThrow(/no memory of its own/);
    const cut = fc.integer({ min: 9, max: binary.length - 1 });
    fc.assert(
      fc.property(cut, (length) => {
        expect(() => withSharedMemory(binary.slice(0, length))).toThrow(RangeError);
      }),
    );
  });
});
