import { besideProject } from '../../../../testing/needs.ts';

/** A real instruct model in Q4_1 and Q8_0, beside the project where it is at all. */
export const realModel = besideProject('models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');
