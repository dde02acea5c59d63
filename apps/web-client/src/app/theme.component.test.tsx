import { Button } from '@mantine/core';
import { describe, it } from 'vitest';
import { button, expectAccessible, show } from '../../test/stage.tsx';

const words = 'Read me';

describe('theme', () => {
  it.each(['filled', 'light', 'subtle', 'default', 'outline'])(
    'keeps words readable under the pointer: %s',
    async (variant) => {
      for (const color of ['cyan', 'red']) {
        await show(
          <Button variant={variant} color={color}>
            {words}
          </Button>,
        );
        await button(words).last().hover();
        await expectAccessible();
      }
    },
  );
});
