import { afterEach, describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { playCoordinator } from '../../test/play-coordinator.ts';
import { showPage } from '../../test/show-page.tsx';
import { button, expectAccessible, see, seeFailure, seeNot } from '../../test/stage.tsx';
import { useWorkerWatch } from '../shared/api/worker-watch.ts';

const start = async (address = '/') => {
  playCoordinator({ 'GET /api/federations': () => [] });
  return showPage(address);
};

afterEach(() => {
  window.dispatchEvent(new Event('online'));
  useWorkerWatch.setState({ stopped: false });
});

describe('Shell', () => {
  it('leads a keyboard past its links to what the page is about', async () => {
    await start();
    await see('No federations yet');
    await userEvent.tab();
    await expect.element(page.getByRole('link', { name: 'Skip to content' })).toHaveFocus();
    await expectAccessible();
  });

  it('goes from page to page, and brings the focus to the new one’s heading', async () => {
    const { address } = await start();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History' }).click();
    await expect.element(page.getByRole('heading', { name: 'History', level: 1 })).toHaveFocus();
    expect(address()).toBe('/history');
    await expect.poll(() => document.title).toBe('History · PerFIT');
  });

  it('knows where there is no page', async () => {
    await start('/nowhere');
    await see('Page not found');
    await expect.element(page.getByRole('link', { name: 'See federations' })).toHaveAttribute('href', '/');
    await expectAccessible();
  });

  it('is light or dark', async () => {
    await start();
    await button('Switch to dark mode').click();
    await expect.element(button('Switch to light mode')).toBeVisible();
    await expectAccessible();
    await button('Switch to light mode').click();
    await expect.element(button('Switch to dark mode')).toBeVisible();
  });

  it('says that there is no network, until there is', async () => {
    await start();
    await see('No federations yet');
    await seeNot('You’re offline');
    window.dispatchEvent(new Event('offline'));
    await see('You’re offline');
    await expect.element(page.getByRole('status', { name: 'Notices' })).toHaveTextContent(/keeps working/);
    await expectAccessible();
    window.dispatchEvent(new Event('online'));
    await seeNot('You’re offline');
  });

  it('says that the worker has stopped', async () => {
    await start();
    await see('No federations yet');
    useWorkerWatch.setState({ stopped: true });
    await seeFailure('The computing part of this page has stopped', 'Close tabs you don’t need');
    await expect.element(button('Reload')).toBeEnabled();
    await expectAccessible();
  });
});
