import { Alert, Button, Text } from '@mantine/core';
import { strings } from '#strings/shell.ts';
import { useWorkerWatch } from '../shared/api/worker-watch.ts';

const words = strings.workerStopped;

/** The worker is gone: what the page shows stays readable, and nothing on it goes on. */
export function WorkerStopped() {
  const stopped = useWorkerWatch((watch) => watch.stopped);
  if (!stopped) return null;
  return (
    <Alert color="red" variant="light" mb="md" title={words.title} role="alert" data-code="worker-stopped">
      <Text size="sm" mb="sm">
        {words.text}
      </Text>
      <Button size="xs" onClick={() => window.location.reload()}>
        {words.reload}
      </Button>
    </Alert>
  );
}
