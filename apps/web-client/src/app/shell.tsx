import { ActionIcon, Container, Group, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Link, Outlet } from '@tanstack/react-router';
import { PageLink } from '../shared/ui/links.tsx';
import classes from './shell.module.css';

/** What every page stands in. */
export function Shell() {
  return (
    <>
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <header className={classes.header}>
        <Container size="lg">
          <Group h={56} justify="space-between" wrap="nowrap">
            <Link to="/" className={classes.brand} aria-label="PerFIT">
              <img src="/favicon.svg" width={26} height={26} alt="" />
              <Text span fw={700} size="lg" visibleFrom="xs">
                PerFIT
              </Text>
            </Link>
            <Group gap="clamp(10px, 2.5vw, 20px)" wrap="nowrap" component="nav" aria-label="Main">
              <PageLink to="/" size="sm" activeOptions={{ exact: true }}>
                Federations
              </PageLink>
              <PageLink to="/models" size="sm">
                Models
              </PageLink>
              <PageLink to="/history" size="sm">
                History
              </PageLink>
              <PageLink to="/operator" size="sm">
                Operator
              </PageLink>
              <SchemeButton />
            </Group>
          </Group>
        </Container>
      </header>
      <Container size="lg" component="main" id="content" py={{ base: 'md', sm: 'xl' }}>
        <Outlet />
      </Container>
    </>
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
      aria-label={`Change to ${next} colours`}
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
