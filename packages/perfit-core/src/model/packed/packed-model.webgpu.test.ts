import { beforeAll, describe } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { MODEL_KINDS, modelContract } from '../../../test/model-contract.ts';
import { startWebGpu } from '../../../test/webgpu.ts';

/** Our attention takes heads by four features. */
const kinds = MODEL_KINDS.map(([name, options]): (typeof MODEL_KINDS)[number] =>
  options.config?.head_dim === 6 ? [name, { ...options, config: { ...options.config, head_dim: 8 } }] : [name, options],
);

describe('a packed model', needsWebGpu, () => {
  beforeAll(startWebGpu);

  modelContract(kinds, { programs: 'wgsl', precision: 'f32' });
});
