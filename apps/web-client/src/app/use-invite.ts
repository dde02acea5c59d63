import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

/** Where the browser keeps nothing. */
const unkept = new Map<string, string>();
const keyOf = (federation: string) => `perfit-invite/${federation}`;

/**
 * The invite of the address. It is taken out of the address at once, so that no picture of the page shows it, and kept
 * as long as the tab is open, so that a reload has it.
 */
export function useInvite(federation: string, given: string | undefined): string {
  const navigate = useNavigate({ from: '/join/$federation' });
  useEffect(() => {
    if (given === undefined) return;
    remember(federation, given);
    void navigate({ search: (now) => ({ ...now, invite: undefined }), replace: true, resetScroll: false });
  }, [federation, given, navigate]);
  return given ?? memoize(federation);
}

function remember(federation: string, invite: string): void {
  try {
    sessionStorage.setItem(keyOf(federation), invite);
  } catch {
    unkept.set(federation, invite);
  }
}

function memoize(federation: string): string {
  try {
    return sessionStorage.getItem(keyOf(federation)) ?? unkept.get(federation) ?? '';
  } catch {
    return unkept.get(federation) ?? '';
  }
}
