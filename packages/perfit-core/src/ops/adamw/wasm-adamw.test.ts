import { beforeAll } from 'vitest';
import { adamwContract } from '../../../test/adamw-contract.ts';
import { startWasm } from '../../../test/backend.ts';
import { WasmAdamW } from './wasm-adamw.ts';

beforeAll(startWasm);

adamwContract((tensors, mask) => new WasmAdamW(tensors, mask));
