// A strategy of one's own: what the layers' attention learns is shared, what their feed-forward part learns stays
// personal. Try it with
//   npm run -s perfit -- simulate experiments/own-strategy.yaml
// or in a federation, whose coordinator and clients must all have it:
//   npm run -s perfit -- serve --strategy apps/cli/examples/share-attention.ts
//   npm run -s perfit -- join ADDRESS --data FILE --strategy apps/cli/examples/share-attention.ts
import type { Strategy, StrategyKit } from '@perfit/federation';

const attention = new Set(['q_proj', 'k_proj', 'v_proj', 'o_proj']);

export default function shareAttention({ Mask, plainLora, sharedAndOwn }: StrategyKit): Strategy {
  const shared: Strategy['exchanged'] = (layout) => {
    const positions = new Uint8Array(layout.size);
    for (const { projection, offset, size } of layout.tensors) {
      if (attention.has(projection)) positions.fill(1, offset, offset + size);
    }
    return Mask.from(layout.size, (p) => positions[p] === 1);
  };
  return {
    ...plainLora,
    name: 'share-attention',
    title: 'Shared attention',
    description: 'Every client tunes a plain LoRA; what attention learns is averaged, the rest stays personal.',
    result: 'personal',
    exchanged: shared,
    start: (from) => sharedAndOwn(from, shared(from.layout, from.owned, from)),
  };
}
