import type { ModelList } from '@perfit/protocol';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ModelCatalogue } from '../models/model-catalogue.ts';

const typeSchema = z.object({ model_type: z.string().max(80) });

interface ModelListParts {
  readonly models: ModelCatalogue;
  readonly allowHub: boolean;
}

/** GET /api/models: which base models lie here, for whoever wants to open one outside a federation. */
export function addModelListRoute(app: FastifyInstance, { models, allowHub }: ModelListParts): void {
  app.get('/api/models', async (_request, reply): Promise<ModelList> => {
    reply.header('cache-control', 'no-store');
    const ids = await models.list();
    const described = ids.map(async (id) => ({
      id,
      bytes: await models.bytes(id),
      modelType: await modelTypeOf(models, id),
      problem: await models.problem(id),
    }));
    return { models: await Promise.all(described), hub: allowHub };
  });
}

/** Null where config.json is not what it should be: whoever opens the model is told why. */
async function modelTypeOf(models: ModelCatalogue, id: string): Promise<string | null> {
  try {
    const config: unknown = JSON.parse(await models.config(id));
    return typeSchema.parse(config).model_type;
  } catch {
    return null;
  }
}
