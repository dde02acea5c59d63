import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';
import { FailureError } from '../contract/failure.ts';
import { ErrorBoundary } from './error-boundary.tsx';
import { router } from './router.tsx';
import { styleNonce } from './style-nonce.ts';
import { cssVariablesResolver, theme } from './theme.ts';

/** Refusals do not turn into consent by repetition; only a silent coordinator is asked again. */
function isWorthRepeating(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof FailureError && error.failure.code === 'coordinator-unreachable';
}

export function App() {
  const [queries] = useState(() => new QueryClient({ defaultOptions: { queries: { retry: isWorthRepeating } } }));
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariablesResolver}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <ErrorBoundary>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </ErrorBoundary>
    </MantineProvider>
  );
}
