import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { Broken } from './error-boundary.tsx';
import { historySearchSchema } from './history-search.ts';
import { joinSearchSchema } from './join-search.ts';
import { LandingPage } from './landing-page.tsx';
import { modelsSearchSchema } from './models-search.ts';
import { NotFoundPage } from './not-found-page.tsx';
import { Shell } from './shell.tsx';

const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: NotFoundPage,
  errorComponent: ({ error }) => <Broken error={error instanceof Error ? error : new Error(String(error))} />,
});

const landingRoute = createRoute({ getParentRoute: () => rootRoute, path: '/', component: LandingPage });

const joinRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/join/$federation',
  validateSearch: (search) => joinSearchSchema.parse(search),
  component: lazyRouteComponent(() => import('./join-page.tsx'), 'JoinPage'),
});

const operatorRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/operator',
  component: lazyRouteComponent(() => import('./operator-page.tsx'), 'OperatorPage'),
});

const operatorFederationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/operator/$federation',
  component: lazyRouteComponent(() => import('./operator-page.tsx'), 'OperatorFederationPage'),
});

const accessRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/access',
  component: lazyRouteComponent(() => import('./access-page.tsx'), 'AccessPage'),
});

const modelsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/models',
  validateSearch: (search) => modelsSearchSchema.parse(search),
  component: lazyRouteComponent(() => import('./models-page.tsx'), 'ModelsPage'),
});

const historyRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/history',
  component: lazyRouteComponent(() => import('./history-page.tsx'), 'HistoryPage'),
});

const historyLedgerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/history/$federation',
  validateSearch: (search) => historySearchSchema.parse(search),
  component: lazyRouteComponent(() => import('./history-page.tsx'), 'HistoryLedgerPage'),
});

const benchRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/bench',
  component: lazyRouteComponent(() => import('./bench-page.tsx'), 'BenchPage'),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    landingRoute,
    joinRoute,
    modelsRoute,
    historyRoute,
    historyLedgerRoute,
    operatorRoute,
    operatorFederationRoute,
    accessRoute,
    benchRoute,
  ]),
  defaultPreload: false,
  scrollRestoration: true,
  // Every value is text: an invite code of digits must not turn into a number.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const entries = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    const text = new URLSearchParams(entries).toString();
    return text ? `?${text}` : '';
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
