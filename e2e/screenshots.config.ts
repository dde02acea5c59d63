import { defineConfig } from 'playwright/test';
import config from './playwright.config.ts';

/** `npm run screenshots`: no test, but it walks as the tests do. */
export default defineConfig({ ...config, testDir: 'screenshots', timeout: 900_000 });
