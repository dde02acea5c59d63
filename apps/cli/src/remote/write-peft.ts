import { dimensions, exportPeft, parseModelConfig } from '@perfit/core';
import { layoutOf } from '@perfit/federation';
import type { FederationDetail } from '@perfit/protocol';
import type { AdminClient } from '@perfit/protocol/admin';
import { writeAdapter } from '../adapter-folder.ts';
import { RemoteError } from './admin-api.ts';

/**
 * θ_g after any committed round as a PEFT adapter's folder.
 * @throws RemoteError as it is refused, or where the coordinator's model is not the federation's
 */
export async function writePeft(
  admin: AdminClient,
  { id, config, status, layoutSize, modelPath }: FederationDetail,
  { round = status.version, out }: { round?: number | undefined; out: string },
): Promise<{ round: number; out: string; files: { name: string; bytes: number }[] }> {
  const layout = layoutOf(config, dimensions(parseModelConfig(await admin.modelConfig(modelPath))));
  const bytes = await admin.theta(id, round);
  if (layout.size !== layoutSize || bytes.byteLength !== 4 * layout.size) {
    throw new RemoteError('bad-answer', `The adapter has not the shape that ${config.model} implies.`, 'refused');
  }
  // float32, little-endian, as every machine is that this runs on.
  const files = exportPeft(layout, new Float32Array(bytes), { baseModel: config.model, dtype: 'F32' });
  return { round, out, files: await writeAdapter(out, files, { layout, mask: null }) };
}
