import { Alert, Text } from '@mantine/core';
import type { OperatorModel } from '@perfit/protocol';
import { listStrings } from '#strings/operator.ts';

/** Folders of the models directory that cannot be offered, and why: most often one that is still being copied. */
export function UnusableModels({ models }: { readonly models: readonly OperatorModel[] }) {
  const unusable = models.filter(({ problem }) => problem !== null);
  if (unusable.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" title={listStrings.unusable} mb="md">
      {unusable.map(({ id, problem }) => (
        <Text key={id} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {problem}
        </Text>
      ))}
    </Alert>
  );
}
