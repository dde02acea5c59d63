import { Alert, Button, Code, Container, Group, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/** The last resort: says that the page broke, and what to do. React knows error boundaries as classes only. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    return this.state.error ? <Broken error={this.state.error} /> : this.props.children;
  }
}

/** The same for the router, which has boundaries of its own. */
export function Broken({ error }: { readonly error: Error }) {
  return (
    <Container size="sm" py="xl">
      <Alert color="red" variant="light" title="This page broke" role="alert" data-code="page-broken">
        <Text size="sm">
          Your key, your text and your model are kept in this browser. Reload the page: it goes on where it was. If it
          breaks again, tell whoever runs this site what stands below.
        </Text>
        <Code block my="sm" style={{ whiteSpace: 'pre-wrap' }}>
          {error.message}
        </Code>
        <Group>
          <Button onClick={() => window.location.reload()}>Reload</Button>
        </Group>
      </Alert>
    </Container>
  );
}
