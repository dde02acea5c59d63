export const strings = {
  join: {
    otherTab: 'Another tab of this browser is already taking part as you.',
    takeOver: 'Take over in this tab',
    asAnother: 'Take part as somebody else',
    goOn: 'Go on',
    afresh: 'Start afresh',
    afreshHint:
      'Start afresh forgets the key, the text, the mask and the model that this browser keeps for this federation.',
  },
} as const;

/** What a tab that comes back says. */
export function welcomeBack(round: number): string {
  return round > 0 ? `Welcome back: taking up round ${round}` : 'Welcome back: going on where you were';
}
