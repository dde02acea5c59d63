import type { ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';

const mounted = new Map<Root, HTMLElement>();

export interface Mounted {
  readonly change: (next: ReactNode) => void;
  readonly unmount: () => void;
}

/** Renders at once, into a place of its own. What effects do comes a moment later, as on the page: tests wait for it. */
export function mount(node: ReactNode): Mounted {
  const place = document.body.appendChild(document.createElement('div'));
  const root = createRoot(place);
  mounted.set(root, place);
  const change = (next: ReactNode) => flushSync(() => root.render(next));
  change(node);
  return { change, unmount: () => unmount(root) };
}

export function unmountAll(): void {
  for (const root of mounted.keys()) unmount(root);
}

function unmount(root: Root): void {
  flushSync(() => root.unmount());
  mounted.get(root)?.remove();
  mounted.delete(root);
}
