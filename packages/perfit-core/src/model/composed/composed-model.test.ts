import { beforeAll } from 'vitest';
import { startTestBackend } from '../../../test/backend.ts';
import { MODEL_KINDS, modelContract } from '../../../test/model-contract.ts';

beforeAll(startTestBackend);

modelContract(MODEL_KINDS, { programs: 'composed' });
