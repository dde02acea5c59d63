import { create } from 'zustand';

/** What the browser fires where a site can be installed; not in TypeScript's library, because not every browser has it. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

interface KeptShell {
  /** A newer version of the page, ready in the service worker. */
  readonly update: ServiceWorker | null;
  readonly installPrompt: InstallPrompt | null;
}

const useKeptShell = create<KeptShell>()(() => ({ update: null, installPrompt: null }));

export const useUpdate = () => useKeptShell((state) => state.update !== null);
export const useInstall = () => useKeptShell((state) => state.installPrompt !== null);

/** Which build this page is; the service worker has the same. */
const build = () => document.querySelector<HTMLMetaElement>('meta[name="build"]')?.content;

/** Keeps the page itself in the browser, for the time without a network, and listens for newer versions of it. */
export function keepShell(): void {
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    useKeptShell.setState({ installPrompt: event as InstallPrompt });
  });
  window.addEventListener('appinstalled', () => useKeptShell.setState({ installPrompt: null }));
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  // Not before the page stands: what it needs first comes first.
  window.addEventListener('load', () => {
    // A browser that keeps nothing shows the page all the same; one that is told to block workers answers with nothing.
    const registered: Promise<ServiceWorkerRegistration | undefined> = navigator.serviceWorker.register('/sw.js');
    void registered.then(
      (registration) => registration && watch(registration),
      () => {},
    );
  });
}

function watch(registration: ServiceWorkerRegistration): void {
  const offer = async (worker: ServiceWorker) => {
    // A page that came from the network may be the new version already.
    if ((await buildOf(worker)) !== build()) useKeptShell.setState({ update: worker });
  };
  if (registration.waiting) void offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && navigator.serviceWorker.controller) void offer(worker);
    });
  });
  // A tab may stay open for days.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void registration.update().catch(() => {});
  });
}

function buildOf(worker: ServiceWorker): Promise<string> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<unknown>) => resolve(String(data));
    worker.postMessage('build', [port2]);
  });
}

/** The page comes anew, as the new version. */
export function takeUpdate(): void {
  const { update } = useKeptShell.getState();
  navigator.serviceWorker.addEventListener('controllerchange', () => window.location.reload(), { once: true });
  update?.postMessage('activate');
}

export function putOffUpdate(): void {
  useKeptShell.setState({ update: null });
}

export function install(): void {
  const { installPrompt } = useKeptShell.getState();
  useKeptShell.setState({ installPrompt: null });
  void installPrompt?.prompt();
}
