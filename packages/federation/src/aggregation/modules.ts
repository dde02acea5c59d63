import type { Layout, LayoutTensor, Mask } from '@perfit/protocol/space';

/** The two matrices of one LoRA module: A [R, in] and B [out, R]. */
export interface LoraModule {
  readonly a: LayoutTensor;
  readonly b: LayoutTensor;
  readonly inWidth: number;
  readonly outWidth: number;
}

export function modulesOf({ tensors }: Layout): LoraModule[] {
  const modules: LoraModule[] = [];
  for (let i = 0; i < tensors.length; i += 2) {
    const [a, b] = tensors.slice(i, i + 2) as [LayoutTensor, LayoutTensor];
    modules.push({ a, b, inWidth: a.columns, outWidth: b.rows });
  }
  return modules;
}

/** The ranks from `first` up to `end`, without it. */
export interface Ranks {
  readonly first: number;
  readonly end: number;
}

/** product += weight · B·A over some of the ranks. @param product [out, in], row-major */
export function addProduct(
  product: Float64Array,
  theta: Float32Array,
  of: { readonly module: LoraModule; readonly ranks: Ranks; readonly weight: number },
): void {
  const { a, b, inWidth, outWidth } = of.module;
  for (let row = 0; row < outWidth; row++) {
    for (let rank = of.ranks.first; rank < of.ranks.end; rank++) {
      const factor = of.weight * (theta[b.offset + row * b.columns + rank] as number);
      if (factor === 0) continue;
      const from = a.offset + rank * inWidth;
      const to = row * inWidth;
      for (let column = 0; column < inWidth; column++) {
        product[to + column] = (product[to + column] as number) + factor * (theta[from + column] as number);
      }
    }
  }
}

/** ‖B·A‖_F² as Σ (BᵀB ⊙ AAᵀ): R·R inner products instead of the whole product. */
export function squaredNorm(theta: Float32Array, { a, b, inWidth, outWidth }: LoraModule): number {
  let squares = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j <= i; j++) {
      let ofA = 0;
      for (let column = 0; column < inWidth; column++) {
        ofA += (theta[a.offset + i * inWidth + column] as number) * (theta[a.offset + j * inWidth + column] as number);
      }
      let ofB = 0;
      for (let row = 0; row < outWidth; row++) {
        const at = b.offset + row * b.columns;
        ofB += (theta[at + i] as number) * (theta[at + j] as number);
      }
      squares += (i === j ? 1 : 2) * ofA * ofB;
    }
  }
  return Math.max(0, squares);
}

/** [PF7] θ_i of a client that received what it owns of θ_g and sent its delta. @returns [N], zero where it owns nothing */
export function tunedBy(
  theta: Float32Array,
  { mask, packedDelta }: { readonly mask: Mask; readonly packedDelta: Float32Array },
): Float32Array {
  return mask.unpack(mask.pack(theta).map((value, i) => value + (packedDelta[i] as number)));
}
