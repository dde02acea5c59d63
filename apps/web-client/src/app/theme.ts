import { Badge, type CSSVariablesResolver, createTheme, rem } from '@mantine/core';
import { strings } from '#strings/shell.ts';

export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: 9,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  components: {
    // A word that is cut off says nothing.
    Badge: Badge.extend({ defaultProps: { miw: 'max-content' } }),
    // Not by its `extend`: dialogs come with the pages that have one.
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': strings.close } } },
  },
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: `clamp(${rem(26)}, 5vw, ${rem(38)})`, lineHeight: '1.15' } },
  },
});

/**
 * Under the pointer a button gets darker: one shade lighter its white words would be too faint (WCAG AA), and so would
 * colored words on the tint that a light scheme gives to buttons without a ground of their own.
 */
export const cssVariablesResolver: CSSVariablesResolver = () => {
  const darker = (color: string, share: number) =>
    `color-mix(in srgb, var(--mantine-color-${color}-9) ${share}%, black)`;
  const hover = darker('cyan', 88);
  const variables = { '--mantine-color-cyan-filled-hover': hover, '--mantine-primary-color-filled-hover': hover };
  const words = {
    '--mantine-color-cyan-light-color': darker('cyan', 85),
    '--mantine-color-red-light-color': darker('red', 85),
  };
  return { variables: {}, light: { ...variables, ...words }, dark: variables };
};
