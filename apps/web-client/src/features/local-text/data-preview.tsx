import { Alert, Badge, List, SimpleGrid, Stack, Text } from '@mantine/core';
import type { DataReport } from '../../engine/engine-api.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import classes from './local-text.module.css';
import { strings } from './strings.ts';

/** What was found in a text: how much, what the rows look like, and what could not be read. */
export function DataPreview({ report }: { readonly report: DataReport }) {
  const { training, validation, heldOut } = report.examples;
  return (
    <Stack gap="md" data-testid="dataset-report">
      <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="lg">
        <Fact label="Text" value={report.name} note={formatBytes(report.bytes)} />
        <Fact label="To train on" value={formatCount(training)} note={strings.trainingNote(formatCount(validation))} />
        <Fact label="Held out" value={formatCount(heldOut)} note={strings.heldOutNote} />
      </SimpleGrid>
      <div>
        {report.preview.map((row, i) => (
          <div key={i} className={classes.row}>
            <Text component="p" size="sm" c="dimmed">
              {row.prompt || 'Text to be continued'}
            </Text>
            <Text component="p" size="sm">
              {row.response}
            </Text>
            <Badge variant="light" size="sm" color={row.heldOut ? 'gray' : 'cyan'}>
              {row.heldOut ? 'held out' : 'train'}
            </Badge>
          </div>
        ))}
      </div>
      {report.problemCount > 0 ? (
        <Alert color="yellow" variant="light" title={`${formatCount(report.problemCount)} rows were left out`}>
          <List size="sm" spacing={4}>
            {report.problems.map((problem) => (
              <List.Item key={`${problem.line} ${problem.code}`}>
                {problem.line === undefined ? '' : `Line ${problem.line}: `}
                {problem.message} <Text span c="dimmed" size="xs">{`(${problem.code})`}</Text>
              </List.Item>
            ))}
          </List>
          {report.problemCount > report.problems.length ? (
            <Text size="sm">and {formatCount(report.problemCount - report.problems.length)} more</Text>
          ) : null}
        </Alert>
      ) : null}
    </Stack>
  );
}
