import { describe, expect, it } from 'vitest';
import { safeLink } from './safe-link.ts';

describe('safeLink', () => {
  it.each([
    ['https://example.org/', 'https://example.org/', 'example.org'],
    ['mailto:ada@example.org', 'mailto:ada@example.org', 'ada@example.org'],
    ['mailto:ada@example.org?bcc=eve@example.org', 'mailto:ada@example.org', 'ada@example.org'],
    ['mailto:%', 'mailto:%', '%'],
  ])('%s', (address, href, text) => {
    expect(safeLink(address)).toEqual({ href, text });
  });

  it.each(['javascript:alert(1)', 'http://example.org', 'data:text/html,x', 'ada@example.org', 'ask at the desk', ''])(
    'makes no link of %s',
    (address) => {
      expect(safeLink(address)).toBeNull();
    },
  );
});
