import { describe, expect, it } from 'vitest';
import { baseModelName } from './hub-origin.ts';

describe('what a base model is called elsewhere', () => {
  it("is the repository and the commit of a folder in the Hub's cache", () => {
    const commit = '12fd25f77366fa6b3b4b768ec3050bf629380bac';
    const folder = `/home/ada/.cache/huggingface/hub/models--HuggingFaceTB--SmolLM2-135M-Instruct/snapshots/${commit}/`;
    expect(baseModelName(folder)).toEqual({ baseModel: 'HuggingFaceTB/SmolLM2-135M-Instruct', revision: commit });
  });

  it("is the folder's name elsewhere", () => {
    expect(baseModelName('/models/perfit-nano')).toEqual({ baseModel: 'perfit-nano', revision: null });
    expect(baseModelName('/models/models--a--b/snapshots/main')).toEqual({ baseModel: 'main', revision: null });
  });
});
