export const strings = {
  join: {
    otherTab: 'You’re already taking part in another tab of this browser.',
    takeOver: 'Take over in this tab',
    asAnother: 'Join as someone else',
    goOn: 'Continue',
    afresh: 'Start over…',
    exportFirst: 'Export my model first',
  },
} as const;

export const startOverQuestion = {
  title: 'Start over?',
  text: 'This deletes the key, text, mask and model that this browser has saved for this federation. It can’t be undone.',
  confirm: 'Delete and start over',
} as const;

/** What a tab that comes back says. */
export function welcomeBack(round: number): string {
  return round > 0 ? `Welcome back: resuming round ${round}` : 'Welcome back: picking up where you left off';
}
