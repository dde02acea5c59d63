import { useComputedColorScheme } from '@mantine/core';

const palette = {
  light: { quiet: '#868e96', warm: '#b08900', received: '#d9480f', own: '#0b7285' },
  dark: { quiet: '#909296', warm: '#ffd43b', received: '#ffa94d', own: '#3bc9db' },
} as const;

/** One colour for one thing in all charts: what is one's own, what came from the others, what is only for comparison. */
export function useChartColors(): (typeof palette)[keyof typeof palette] {
  return palette[useComputedColorScheme('light', { getInitialValueInEffect: false })];
}
