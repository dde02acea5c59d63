import { create } from 'zustand';

/** What a tab is called while something in it is under way; null leaves that to its page's heading. */
export const useTabTitle = create<{ readonly inFront: string | null }>(() => ({ inFront: null }));
