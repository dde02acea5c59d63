import { beforeAll, describe } from 'vitest';
import { inForm } from '../../../../../testing/form.ts';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { MODEL_KINDS, modelContract } from '../../../test/model-contract.ts';
import { startWebGpu } from '../../../test/webgpu.ts';

/** In the short form those that differ the most: compiling takes seconds each. WASM is held to all of them. */
const chosen = inForm({ short: MODEL_KINDS.filter((_, i) => [0, 3, 6].includes(i)), long: MODEL_KINDS });

/** Our attention takes heads by four features. */
const kinds = chosen.map(([name, options]): (typeof MODEL_KINDS)[number] =>
  options.config?.head_dim === 6 ? [name, { ...options, config: { ...options.config, head_dim: 8 } }] : [name, options],
);

describe('a packed model', needsWebGpu, () => {
  beforeAll(startWebGpu);

  modelContract(kinds, { programs: 'own', precision: 'f32' });
});
