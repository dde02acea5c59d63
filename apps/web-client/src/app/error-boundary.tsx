import { Button, Code, Container, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { strings } from '#strings/shell.ts';

const words = strings.broken;

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

/** The same for the router, which has boundaries of its own. The way home is a plain link: the router may be what broke. */
export function Broken({ error }: { readonly error: Error }) {
  return (
    <Container size="sm" px={0} py="xl">
      <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }} role="alert" data-code="page-broken">
        <Stack gap="md">
          <Title order={1} size="h2">
            {words.title}
          </Title>
          <Text>{words.text}</Text>
          <Code block style={{ whiteSpace: 'pre-wrap' }}>
            {error.message}
          </Code>
          <Group gap="sm">
            <Button onClick={() => window.location.reload()}>{words.reload}</Button>
            <Button component="a" href="/" variant="default">
              {words.home}
            </Button>
          </Group>
        </Stack>
      </Paper>
    </Container>
  );
}
