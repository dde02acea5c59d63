/** What lies in a model's files, for whoever only looks at them: nothing here computes, and nothing imports a backend. */
export { parseModelConfig } from './model/config.ts';
export { assertHasTensors } from './model/expected-tensors.ts';
export { ModelError } from './model/model-error.ts';
export { modelAt } from './node/model-at.ts';
export { type TextNotes, textNotesOf } from './node/template-look.ts';
export { TOKENIZER_FILE_NAMES } from './text/tokenizer-files.ts';
export { rateRecipe } from './training/recipes.ts';
export { assertFinite } from './weights/assert-finite.ts';
export { isLfsPointer, lfsPointerSentence } from './weights/lfs-pointer.ts';
export { isGguf } from './weights/model-files.ts';
export { openWeights } from './weights/safetensors-reader.ts';
export { WeightsError } from './weights/weights-error.ts';
