import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dimensions, exportPeft, parseModelConfig } from '@perfit/core';
import { modelAt } from '@perfit/core/node';
import { buildLayout, initialTheta, type LoraSpace } from '@perfit/protocol/space';

/**
 * A PEFT adapter that nobody tuned, for the model at a path.
 * @param of.valued what is made of each value of θ⁰, where every B is zero
 */
export async function writeSyntheticAdapter(
  folder: string,
  of: { model: string; space: LoraSpace; valued: (value: number, p: number) => number },
): Promise<void> {
  const config = parseModelConfig(await (await modelAt(of.model)).text('config.json'));
  const layout = buildLayout(dimensions(config), of.space);
  const theta = initialTheta(layout, 3).map(of.valued);
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(exportPeft(layout, theta, { baseModel: 'base', revision: null }))) {
    writeFileSync(join(folder, name), content);
  }
}
