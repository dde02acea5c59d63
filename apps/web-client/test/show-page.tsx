import { createMemoryHistory, createRouter, RouterProvider } from '@tanstack/react-router';
import { router as pages } from '../src/app/router.tsx';
import { mount } from './mount.ts';
import { Themed } from './stage.tsx';

/** Shows the page at an address, with all that stands around it. @returns where it is by now */
export async function showPage(address: string): Promise<{ readonly address: () => string }> {
  const history = createMemoryHistory({ initialEntries: [address] });
  const router = createRouter({ ...pages.options, history });
  mount(
    <Themed>
      <RouterProvider router={router} />
    </Themed>,
  );
  return { address: () => history.location.href };
}
