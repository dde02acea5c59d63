import { Box, Collapse, Group, Stack, Table, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useId } from 'react';
import { chanceOf, strings, tokensSummary, tokenTitle } from '#strings/improvements.ts';
import type { ComparedExample, ComparedPiece } from '../../contract/comparison-api.ts';
import classes from './token-view.module.css';

type Which = 'base' | 'personal';

/** Least probability of each level of surprise but the last. */
const LEVELS = [0.5, 0.1, 0.01, 0.001] as const;

/** The expected answer, token by token, as both models take it. */
export function TokenView({ example }: { readonly example: ComparedExample }) {
  const [isTable, { toggle }] = useDisclosure(false);
  const id = useId();
  return (
    <Stack gap="sm">
      <Text size="sm" fw={500}>
        {strings.expected}
      </Text>
      {(['base', 'personal'] as const).map((which) => (
        <Stack key={which} gap={4}>
          <Text size="xs" c="dimmed" fw={500}>
            {tokensSummary(strings[which], Math.exp(example[which]))}
          </Text>
          {example.answers.map((pieces, i) => (
            <p key={i} className={classes.answer}>
              {pieces.map((piece, j) => (
                <Piece key={j} piece={piece} which={which} />
              ))}
            </p>
          ))}
        </Stack>
      ))}
      <Group gap={6}>
        {strings.levels.map((word, level) => (
          <span key={word} className={classes.token} data-level={level} data-legend>
            {word}
          </span>
        ))}
      </Group>
      <Text size="xs" c="dimmed">
        {strings.tokens}
      </Text>
      <UnstyledButton className={classes.toggle} onClick={toggle} aria-expanded={isTable} aria-controls={id}>
        {strings.table}
      </UnstyledButton>
      <Collapse expanded={isTable} id={id}>
        {isTable ? <TokenTable example={example} /> : null}
      </Collapse>
    </Stack>
  );
}

function Piece({ piece, which }: { readonly piece: ComparedPiece; readonly which: Which }) {
  const nats = piece[which];
  return (
    <span
      className={classes.token}
      data-level={levelOf(nats)}
      data-control={piece.isControl || undefined}
      title={tokenTitle(nameOf(piece), nats)}
    >
      {piece.isControl ? strings.endOf : piece.text}
    </span>
  );
}

function TokenTable({ example }: { readonly example: ComparedExample }) {
  return (
    <Box className={classes.scroll} tabIndex={0} role="group" aria-label={strings.table}>
      <Table tabularNums verticalSpacing={2} stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{strings.columns.word}</Table.Th>
            <Table.Th ta="right">{strings.columns.base}</Table.Th>
            <Table.Th ta="right">{strings.columns.personal}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {example.answers.flat().map((piece, i) => (
            <Table.Tr key={i}>
              <Table.Td>{nameOf(piece)}</Table.Td>
              <Table.Td ta="right">{chanceOf(piece.base)}</Table.Td>
              <Table.Td ta="right">{chanceOf(piece.personal)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

function levelOf(nats: number): number {
  const probability = Math.exp(-nats);
  const level = LEVELS.findIndex((least) => probability >= least);
  return level < 0 ? LEVELS.length : level;
}

function nameOf({ text, isControl }: ComparedPiece): string {
  return isControl ? strings.endOf : text.replaceAll('\n', '⏎');
}
