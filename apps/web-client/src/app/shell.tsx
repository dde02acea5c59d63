import {
  ActionIcon,
  Anchor,
  Container,
  Group,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { Link, Outlet } from '@tanstack/react-router';
import { useRef } from 'react';
import { strings } from '#strings/shell.ts';
import { PageLink } from '../shared/ui/links.tsx';
import { install, useInstall } from './kept-shell.ts';
import { Notices } from './notices.tsx';
import classes from './shell.module.css';
import { usePageTitle } from './use-page-title.ts';
import { WorkerStopped } from './worker-stopped.tsx';

/** What every page stands in. */
export function Shell() {
  const content = useRef<HTMLDivElement>(null);
  usePageTitle(content);
  return (
    <div className={classes.page}>
      <a href="#content" className={classes.skip}>
        {strings.skip}
      </a>
      <header className={classes.header}>
        <Container size="lg">
          <Group h={56} justify="space-between" wrap="nowrap">
            <Link to="/" className={classes.brand} aria-label={strings.name}>
              <img src="/favicon.svg" width={26} height={26} alt="" />
              <Text span fw={700} size="lg" visibleFrom="xs">
                {strings.name}
              </Text>
            </Link>
            <Group gap="clamp(6px, 2.2vw, 20px)" wrap="nowrap" component="nav" aria-label={strings.navigation}>
              <PageLink to="/" size="sm" activeOptions={{ exact: true }} className={classes.link}>
                {strings.federations}
              </PageLink>
              <PageLink to="/models" size="sm" className={classes.link}>
                {strings.models}
              </PageLink>
              <PageLink to="/history" size="sm" className={classes.link}>
                {strings.history}
              </PageLink>
              <PageLink to="/operator" size="sm" className={classes.link}>
                {strings.operator}
              </PageLink>
              <SchemeButton />
            </Group>
          </Group>
        </Container>
      </header>
      <Container size="lg" component="main" id="content" tabIndex={-1} ref={content} className={classes.content}>
        <WorkerStopped />
        <Outlet />
      </Container>
      <Footer />
      <Notices />
    </div>
  );
}

function Footer() {
  const canInstall = useInstall();
  return (
    <footer className={classes.footer}>
      <Container size="lg">
        <Group mih={56} justify="space-between" gap="sm">
          <Text size="sm" c="dimmed">
            {strings.footer}
          </Text>
          {canInstall ? (
            <Anchor component="button" type="button" size="sm" onClick={install}>
              {strings.install}
            </Anchor>
          ) : null}
        </Group>
      </Container>
    </footer>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const next = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={next === 'dark' ? strings.toDark : strings.toLight}
      onClick={() => setColorScheme(next)}
    >
      <svg
        width="18"
        height="18"
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        aria-hidden="true"
      >
        {scheme === 'dark' ? (
          <>
            <circle cx="12" cy="12" r="4.5" />
            <path d="M12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4" />
          </>
        ) : (
          <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />
        )}
      </svg>
    </ActionIcon>
  );
}
