import '@mantine/core/styles.css';
import '../src/app/page.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterContextProvider,
} from '@tanstack/react-router';
import axe from 'axe-core';
import { type ReactNode, useState } from 'react';
import { expect } from 'vitest';
import { page } from 'vitest/browser';
import { cssVariablesResolver, theme } from '../src/app/theme.ts';
import { type Mounted, mount } from './mount.ts';

/** Shows a component as the page does: in its theme, with queries of its own, and with links that lead somewhere. */
export async function show(component: ReactNode): Promise<Mounted> {
  const { change, unmount } = mount(<Stage>{component}</Stage>);
  return { change: (next) => change(<Stage>{next}</Stage>), unmount };
}

function Stage({ children }: { readonly children: ReactNode }) {
  return (
    <Themed>
      <Routed>{children}</Routed>
    </Themed>
  );
}

/** What every component stands in. */
export function Themed({ children }: { readonly children: ReactNode }) {
  // A question that is refused is not asked again: the test would wait for it.
  const [queries] = useState(() => new QueryClient({ defaultOptions: { queries: { retry: false } } }));
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </MantineProvider>
  );
}

function Routed({ children }: { readonly children: ReactNode }) {
  const [router] = useState(() => {
    const root = createRootRoute();
    const anywhere = createRoute({ getParentRoute: () => root, path: '$' });
    return createRouter({ routeTree: root.addChildren([anywhere]), history: createMemoryHistory() });
  });
  return <RouterContextProvider router={router as never}>{children}</RouterContextProvider>;
}

/** By what a screen reader says of it, all of it. */
export const button = (name: string) => page.getByRole('button', { name, exact: true });
export const field = (name: string) => page.getByRole('textbox', { name, exact: true });
export const dialog = (name: string) => page.getByRole('dialog', { name, exact: true });

/** Waits until a sentence, or a part of one, is seen. */
export async function see(...texts: readonly (string | RegExp)[]): Promise<void> {
  for (const text of texts) await expect.element(page.getByText(text).first()).toBeVisible();
}

/** It is gone, or goes. */
export async function seeNot(...texts: readonly (string | RegExp)[]): Promise<void> {
  for (const text of texts) await expect.element(page.getByText(text)).not.toBeInTheDocument();
}

/** The figure that stands under a label. */
export async function seeFact(label: string, value: string | RegExp): Promise<void> {
  const fact = page.getByText(label, { exact: true }).first();
  await expect.poll(() => textUnder(fact.element())).toMatch(value);
}

function textUnder(label: Element): string {
  return [...(label.parentElement?.children ?? [])]
    .filter((part) => part !== label)
    .map(({ textContent }) => textContent)
    .join(' ');
}

/** An error: its title, its sentence, and its code. */
export async function seeFailure(title: string, ...parts: readonly string[]): Promise<void> {
  const alert = page.getByRole('alert').filter({ hasText: title });
  await expect.element(alert).toBeVisible();
  for (const part of parts) await expect.element(alert).toHaveTextContent(part);
}

/** Nothing serious or critical is wrong with what is shown now, for those who see little or use a keyboard. */
export async function expectAccessible(): Promise<void> {
  await expect.poll(() => document.getAnimations().filter(isOnItsWay)).toEqual([]);
  const { violations } = await axe.run(document.body, { resultTypes: ['violations'] });
  const findings = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html.slice(0, 160)} ${any[0]?.message ?? ''}`));
  expect(findings).toEqual([]);
}

/** Colors that change are not yet those that will be read; what turns for ever has none. */
function isOnItsWay({ playState, effect }: Animation): boolean {
  return playState === 'running' && effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY;
}
