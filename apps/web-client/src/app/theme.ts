import { Badge, createTheme, rem } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: 9,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  // A word that is cut off says nothing.
  components: { Badge: Badge.extend({ defaultProps: { miw: 'max-content' } }) },
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: `clamp(${rem(26)}, 5vw, ${rem(38)})`, lineHeight: '1.15' } },
  },
});
