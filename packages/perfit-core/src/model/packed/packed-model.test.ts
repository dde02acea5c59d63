import { beforeAll } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { MODEL_KINDS, modelContract } from '../../../test/model-contract.ts';

beforeAll(startWasm);

modelContract(MODEL_KINDS, { programs: 'own', precision: 'f32' });
