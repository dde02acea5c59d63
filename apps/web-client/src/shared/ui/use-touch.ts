import { useMediaQuery } from '@mantine/hooks';

/** Whether this device is pointed at with fingers, as phones and tablets are: they have neither folders nor a terminal. */
export function useTouch(): boolean {
  return useMediaQuery('(pointer: coarse)', false, { getInitialValueInEffect: false });
}
