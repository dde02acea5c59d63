import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

type Native = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps | keyof ButtonProps> & {
  readonly ref?: Ref<HTMLAnchorElement>;
};

/** A link inside this site. */
export const PageLink = createLink((props: Omit<AnchorProps, 'href'> & Native) => <Anchor {...props} />);

/** The same, looking like a button. */
export const PageLinkButton = createLink((props: Omit<ButtonProps, 'href'> & Native) => (
  <Button component="a" {...props} />
));
