import type { ModelOrigin } from './models-api.ts';

/** For people: what a model is called where it comes from. */
export function nameOfOrigin(origin: ModelOrigin): string {
  switch (origin.kind) {
    case 'mirror':
      return origin.id;
    case 'hub':
      return origin.repository;
    case 'files':
      return origin.name;
  }
}
