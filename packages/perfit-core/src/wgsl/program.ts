/** A storage binding as WGSL sees it. */
export interface StorageBinding {
  readonly name: string;
  /** The element of the runtime-sized array: `f32`, `u32`, `vec4<f32>`, … */
  readonly element: string;
  /** A program may read and write its outputs; what it only reads may be bound several times. */
  readonly access: 'read' | 'read_write';
}

/** A 4-byte constant of a call, read in WGSL as `u.name`. */
export interface UniformField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
}

/**
 * A compute program: what it binds, in order, and its WGSL without those declarations. Whatever is baked into the source
 * is part of its identity: two programs with the same source are compiled once.
 */
export interface WgslProgram {
  /** Shown by the device's errors, by the profile and by the bench. */
  readonly name: string;
  readonly storage: readonly StorageBinding[];
  readonly uniforms: readonly UniformField[];
  /** Device features that the source enables. */
  readonly enables?: readonly ('f16' | 'subgroups')[];
  /** Declarations and the entry point `main`. */
  readonly source: string;
}

/**
 * A program's maker whose sources are written once for each set of arguments that are baked into them: they are long,
 * and a step asks for them hundreds of times. Arguments are told apart as JSON.
 */
export function memoize<A extends readonly unknown[]>(
  make: (...baked: A) => WgslProgram,
): (...baked: A) => WgslProgram {
  const made = new Map<string, WgslProgram>();
  return (...baked) => {
    const key = JSON.stringify(baked);
    const known = made.get(key) ?? make(...baked);
    made.set(key, known);
    return known;
  };
}

/** The whole module. */
export function moduleOf({ storage, uniforms, enables = [], source }: WgslProgram): string {
  const lines = enables.map((feature) => `enable ${feature};`);
  storage.forEach(({ name, element, access }, binding) => {
    lines.push(`@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${element}>;`);
  });
  if (uniforms.length > 0) {
    const fields = uniforms.map(({ name, type }) => `${name}: ${type}`).join(', ');
    lines.push(`struct Uniforms { ${fields} }`);
    lines.push(`@group(0) @binding(${storage.length}) var<uniform> u: Uniforms;`);
  }
  lines.push(source);
  return lines.join('\n');
}

/**
 * The bytes of a call's uniforms; every field is four bytes wide, so that they lie one behind the other.
 * @throws RangeError where a value is missing
 */
export function uniformBytes(program: WgslProgram, values: Readonly<Record<string, number>>): ArrayBuffer {
  const bytes = new ArrayBuffer(Math.max(16, Math.ceil(program.uniforms.length / 4) * 16));
  const view = new DataView(bytes);
  program.uniforms.forEach(({ name, type }, i) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`${program.name} was run without its uniform ${name}`);
    if (type === 'f32') view.setFloat32(4 * i, value, true);
    else if (type === 'u32') view.setUint32(4 * i, value, true);
    else view.setInt32(4 * i, value, true);
  });
  return bytes;
}
