import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from '../backend-error.ts';
import { type Choices, firstChoices } from './choices.ts';
import { DeviceWatch } from './device-watch.ts';
import { moduleOf, uniformBytes, type WgslProgram } from './program.ts';
import { softwareNames } from './software-names.ts';
import type { TfjsWebGpuBackend } from './tfjs-backend.ts';

/** One call of a program. */
export interface Call {
  /** One tensor for each storage binding, in order. */
  readonly tensors: readonly tf.TensorInfo[];
  readonly uniforms?: Readonly<Record<string, number>>;
  /** Workgroups in x, y and z. */
  readonly workgroups: readonly [number, number?, number?];
}

/** Dispatches that go to the queue together: enough to hide the submission, few enough to keep the device busy. */
const dispatchesASubmission = 64;
const maxUniformBuffers = 4096;
const maxBytesUnderWay = 16 << 20;

/**
 * Runs our WGSL programs on the device, queue and tensors of tfjs' WebGPU backend, in order with tfjs' own kernels.
 * tfjs' `runWebGPUProgram` gives a program one output, its own header, a fresh uniform buffer a call, and holds back
 * every tensor's buffer until the queue is submitted; here a program binds what it wants, uniforms are kept by content,
 * and a disposed tensor's buffer is free for the next dispatch: WebGPU orders dispatches that touch the same buffer.
 */
export class WgslRunner {
  readonly device: GPUDevice;
  /** The autotune replaces them. */
  choices: Choices;
  /** Everything is allocated, bound and put into the queue, and no program is run: what a step takes shows in seconds. */
  isRehearsal = false;
  /** Dispatches since the start; a bench reads it before and after. */
  dispatches = 0;
  readonly #backend: TfjsWebGpuBackend;
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  /** The same by the program: its module need not be put together to find it. */
  readonly #pipelineOf = new WeakMap<WgslProgram, GPUComputePipeline>();
  readonly #uniforms = new Map<string, GPUBuffer>();
  readonly #watch: DeviceWatch | null;
  #written = 0;
  #profile: Map<string, number> | null = null;

  private constructor(backend: TfjsWebGpuBackend) {
    this.#backend = backend;
    this.device = backend.device;
    const { vendor, architecture, description } = backend.device.adapterInfo ?? {};
    this.choices = firstChoices([vendor, architecture, description].join(' '), this.has('subgroups'));
    this.#watch = DeviceWatch.of(this.device);
  }

  static readonly #runners = new WeakMap<object, WgslRunner>();

  /** @throws BackendError where the current backend is not tfjs' WebGPU backend */
  static current(): WgslRunner {
    if (tf.getBackend() !== 'webgpu') {
      throw new BackendError(
        'device-wrong-backend',
        `TensorFlow.js runs on ${tf.getBackend()} where webgpu is needed for WGSL programs`,
      );
    }
    const backend = tf.backend() as unknown as TfjsWebGpuBackend;
    let runner = WgslRunner.#runners.get(backend);
    if (!runner) {
      runner = new WgslRunner(backend);
      WgslRunner.#runners.set(backend, runner);
    }
    return runner;
  }

  /** The adapter computes on the processor. */
  get isSoftware(): boolean {
    const { vendor, architecture, description } = this.device.adapterInfo ?? {};
    return softwareNames.test([vendor, architecture, description].join(' '));
  }

  /** Of a subgroup. */
  get maxLanes(): number {
    return this.device.adapterInfo.subgroupMaxSize;
  }

  has(feature: GPUFeatureName): boolean {
    return this.device.features.has(feature);
  }

  /** Bytes of one tensor that a program can bind. */
  get maxBytes(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    return Math.min(maxStorageBufferBindingSize, maxBufferSize);
  }

  /** A tensor whose numbers are whatever its buffer held before: for a program's output. The caller disposes it. */
  empty<T extends tf.Tensor>(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): T {
    // A model is loaded for minutes and nothing is run: here it shows that it does not fit.
    this.#watch?.check();
    const info = this.#backend.makeTensorInfo([...shape], dtype);
    this.#backend.uploadToGPU(info.dataId);
    return tf.engine().makeTensorFromTensorInfo(info) as T;
  }

  /** Copies words from the host into a tensor, from word `offset` on, after everything that was run before. */
  write(tensor: tf.TensorInfo, words: Uint32Array | Int32Array | Float32Array, offset = 0): void {
    this.submit();
    const { resource } = this.#backend.tensorMap.get(tensor.dataId);
    this.device.queue.writeBuffer(resource as GPUBuffer, 4 * offset, words as Uint32Array<ArrayBuffer>);
  }

  /** Waits now and then for what was written: the queue holds a copy until the device has it. @param bytes written since the last call */
  async paced(bytes: number): Promise<void> {
    this.#written += bytes;
    if (this.#written < maxBytesUnderWay) return;
    this.#written = 0;
    await this.device.queue.onSubmittedWorkDone();
  }

  /**
   * Puts a call into the queue. What it writes must be `read_write` in the program.
   * @throws BackendError where the device was lost, has no memory left, or has refused an earlier call
   */
  run(program: WgslProgram, { tensors, uniforms = {}, workgroups }: Call): void {
    if (tensors.length !== program.storage.length) {
      throw new RangeError(`${program.name} binds ${program.storage.length} tensors, not ${tensors.length}`);
    }
    this.#watch?.check();
    const backend = this.#backend;
    const entries: GPUBindGroupEntry[] = tensors.map((tensor, binding) => {
      backend.uploadToGPU(tensor.dataId);
      const data = backend.tensorMap.get(tensor.dataId);
      // tfjs keeps what it has read of a tensor; a program that writes it makes that stale.
      if (program.storage[binding]?.access === 'read_write') data.values = null;
      return { binding, resource: { buffer: data.resource as GPUBuffer } };
    });
    if (program.uniforms.length > 0) {
      const buffer = this.#uniformBuffer(uniformBytes(program, uniforms));
      entries.push({ binding: tensors.length, resource: { buffer } });
    }
    const pipeline = this.#pipeline(program);
    const bindGroup = this.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    backend.ensureCommandEncoderReady();
    backend.computePassEncoder ??= (backend.commandEncoder as GPUCommandEncoder).beginComputePass();
    const pass = backend.computePassEncoder;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    if (!this.isRehearsal) pass.dispatchWorkgroups(workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1);
    this.dispatches++;
    backend.dispatchCountInPass++;
    this.#profile?.set(program.name, (this.#profile.get(program.name) ?? 0) + 1);
    if (backend.dispatchCountInPass >= dispatchesASubmission) this.submit();
  }

  /** Sends what is waiting to the device. */
  submit(): void {
    this.#backend.endComputePassEncoder();
    if (this.#backend.commandEncoder) this.#backend.submitQueue();
  }

  /** The dispatches of each program while `task` runs. */
  counting(task: () => void): ReadonlyMap<string, number> {
    const before = this.#profile;
    const counts = new Map<string, number>();
    this.#profile = counts;
    try {
      task();
    } finally {
      this.#profile = before;
    }
    return counts;
  }

  /**
   * Destroys the buffers that tfjs' pool holds for sizes that may not come again. Called where the shape of the batches
   * changes: the pool is by exact size and would otherwise keep a set of buffers for every shape that ever was.
   */
  trimPool(): void {
    this.submit();
    const manager = this.#backend.bufferManager;
    for (const buffers of manager.freeBuffers.values()) {
      for (const buffer of buffers) {
        manager.numBytesAllocated -= buffer.size;
        manager.numFreeBuffers--;
        buffer.destroy();
      }
      buffers.length = 0;
    }
  }

  #pipeline(program: WgslProgram): GPUComputePipeline {
    const known = this.#pipelineOf.get(program);
    if (known) return known;
    const code = moduleOf(program);
    let pipeline = this.#pipelines.get(code);
    if (!pipeline) {
      const module = this.device.createShaderModule({ label: program.name, code });
      const compute = { module, entryPoint: 'main' };
      pipeline = this.device.createComputePipeline({ label: program.name, layout: 'auto', compute });
      this.#pipelines.set(code, pipeline);
    }
    this.#pipelineOf.set(program, pipeline);
    return pipeline;
  }

  #uniformBuffer(bytes: ArrayBuffer): GPUBuffer {
    const key = new Uint32Array(bytes).join();
    let buffer = this.#uniforms.get(key);
    if (!buffer) {
      // Let go of, not destroyed: calls in the queue may still read them.
      if (this.#uniforms.size >= maxUniformBuffers) this.#uniforms.clear();
      buffer = this.device.createBuffer({
        size: bytes.byteLength,
        usage: GPUBufferUsage.UNIFORM,
        mappedAtCreation: true,
      });
      new Uint32Array(buffer.getMappedRange()).set(new Uint32Array(bytes));
      buffer.unmap();
      this.#uniforms.set(key, buffer);
    }
    return buffer;
  }
}

/** Workgroups for so many of them in a row, in two dimensions where one is too long; WGSL: `wid.x + wid.y * count.x`. */
export function spread(workgroups: number): [number, number] {
  const most = 65_535;
  if (workgroups <= most) return [workgroups, 1];
  const rows = Math.ceil(workgroups / most);
  return [Math.ceil(workgroups / rows), rows];
}
