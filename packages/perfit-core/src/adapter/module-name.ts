import type { LayoutTensor, Projection } from '@perfit/protocol/space';

/** What Hugging Face's Llama calls the linear layer that an adapter's matrix belongs to. */
export function moduleName({ layer, projection }: Pick<LayoutTensor, 'layer' | 'projection'>): string {
  return `model.layers.${layer}.${blockPart(projection)}.${projection}`;
}

function blockPart(projection: Projection): string {
  switch (projection) {
    case 'q_proj':
    case 'k_proj':
    case 'v_proj':
    case 'o_proj':
      return 'self_attn';
    case 'gate_proj':
    case 'up_proj':
    case 'down_proj':
      return 'mlp';
  }
}
