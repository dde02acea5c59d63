export const strings = {
  name: 'PerFIT',
  skip: 'Skip to the content',
  navigation: 'Main',
  federations: 'Federations',
  models: 'Models',
  history: 'History',
  operator: 'Operator',
  toDark: 'Change to dark colours',
  toLight: 'Change to light colours',
  footer: 'Your text stays in this browser.',
  install: 'Install as an app',
  /** A dialog. */
  close: 'Close',
  notices: 'Notices',
  offline: {
    title: 'You are offline',
    text: 'What this browser keeps goes on working: chat, your models, your results. Federations wait for the network.',
  },
  update: {
    title: 'A new version is ready',
    text: 'A reload brings it. What is under way goes on where it was.',
    reload: 'Reload to update',
    later: 'Later',
  },
  workerStopped: {
    title: 'The part of this page that computes has stopped',
    text: 'The browser ended it, most often for lack of memory. Your key, your text and what has been tuned so far are kept in this browser. Close other tabs that you do not need and reload the page: it goes on where it was.',
    reload: 'Reload',
  },
  /** Of a failure without a title of its own. */
  failed: 'That did not work',
  broken: {
    title: 'This page broke',
    text: 'Your key, your text and your model are kept in this browser. Reload the page: it goes on where it was. If it breaks again, tell whoever runs this site what stands below.',
    reload: 'Reload',
    home: 'Go to the start page',
  },
  notFound: {
    title: 'There is no such page',
    text: 'The address may have been cut off on its way to you. Look at the link that you were given, or start here:',
    list: 'See the federations',
  },
} as const;

/** The title of a browser's tab. */
export function tabTitle(page: string | null): string {
  return page ? `${page} · PerFIT` : 'PerFIT';
}
