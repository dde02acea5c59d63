import { Alert, Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { strings } from '#strings/access.ts';

interface ToldOnceProps {
  readonly title: string;
  readonly secret: string;
  readonly onDone: () => void;
}

/** A password or a key, for the one moment in which it can be read. */
export function ToldOnce({ title, secret, onDone }: ToldOnceProps) {
  return (
    <Alert color="yellow" title={title} role="status">
      <Stack gap="sm">
        <Code block data-testid="told-once">
          {secret}
        </Code>
        <Text size="sm">{strings.once}</Text>
        <Group gap="sm">
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <Button size="xs" onClick={copy}>
                {copied ? strings.copied : strings.copy}
              </Button>
            )}
          </CopyButton>
          <Button size="xs" variant="default" onClick={onDone}>
            {strings.done}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
