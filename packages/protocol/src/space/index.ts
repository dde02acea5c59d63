export { initialTheta } from './initial-theta.ts';
export {
  buildLayout,
  describeLayout,
  type Layout,
  type LayoutTensor,
  type LoraSpace,
  layoutHash,
  type ModelDimensions,
  PROJECTIONS,
  type Projection,
  projectionWidths,
  tensorSlice,
} from './layout.ts';
export { Mask, maskOverlap } from './mask.ts';
export { gaussian, type Random, seededRandom, shuffled } from './random.ts';
