import { useRouter } from '@tanstack/react-router';
import { type RefObject, useEffect } from 'react';
import { tabTitle } from '#strings/shell.ts';
import { useTabTitle } from '../shared/ui/tab-title.ts';

/**
 * Lets a page's first heading name the tab, and brings the focus there when another page has come, so that a keyboard
 * goes on from its beginning and a screen reader says where it is.
 */
export function usePageTitle(content: RefObject<HTMLElement | null>): void {
  const router = useRouter();

  useEffect(() => {
    const main = content.current;
    if (!main) return;
    let isAwaited = false;
    const follow = () => {
      const heading = main.querySelector('h1');
      document.title = useTabTitle.getState().inFront ?? tabTitle(heading?.textContent ?? null);
      if (!heading || !isAwaited) return;
      isAwaited = false;
      // Whoever has begun to do something on the new page is left where they are.
      if (document.activeElement !== document.body && document.activeElement !== main) return;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(follow);
    observer.observe(main, { childList: true, subtree: true, characterData: true });
    follow();
    const forget = useTabTitle.subscribe(follow);
    const leave = router.subscribe('onResolved', ({ pathChanged, fromLocation }) => {
      if (!pathChanged || !fromLocation) return;
      isAwaited = true;
      main.focus({ preventScroll: true });
      follow();
    });
    return () => {
      observer.disconnect();
      forget();
      leave();
    };
  }, [router, content]);
}
