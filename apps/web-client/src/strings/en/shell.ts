export const strings = {
  name: 'PerFIT',
  skip: 'Skip to content',
  navigation: 'Main',
  federations: 'Federations',
  models: 'Models',
  history: 'History',
  operator: 'Operator',
  toDark: 'Switch to dark mode',
  toLight: 'Switch to light mode',
  footer: 'Your text stays in this browser.',
  install: 'Install as an app',
  /** A dialog. */
  close: 'Close',
  notices: 'Notices',
  offline: {
    title: 'You’re offline',
    text: 'What’s saved in this browser keeps working: chat, your models, your results. Federations wait for the network.',
  },
  update: {
    title: 'A new version is ready',
    text: 'Reload to get it. Work in progress continues where it was.',
    reload: 'Reload to update',
    later: 'Later',
  },
  workerStopped: {
    title: 'The computing part of this page has stopped',
    text: 'The browser stopped it, most often because memory ran out. Your key, your text and what has been tuned so far are saved in this browser. Close tabs you don’t need and reload the page to continue where you were.',
    reload: 'Reload',
  },
  /** Of a failure without a title of its own. */
  failed: 'That didn’t work',
  broken: {
    title: 'Something went wrong on this page',
    text: 'Your key, your text and your model are saved in this browser. Reload the page to continue where you were. If it happens again, send whoever runs this site the message below.',
    reload: 'Reload',
    home: 'Go to the home page',
  },
  notFound: {
    title: 'Page not found',
    text: 'The address may be incomplete. Check the link you were given, or start here:',
    list: 'See federations',
  },
} as const;

/** The title of a browser's tab. */
export function tabTitle(page: string | null): string {
  return page ? `${page} · PerFIT` : 'PerFIT';
}
