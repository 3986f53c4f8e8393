import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// A browser of the system, or the one that CREW_CHROMIUM names; Playwright's own where there is none.
const system = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const browser = process.env.CREW_CHROMIUM ?? system.find((path) => existsSync(path));

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  timeout: 90_000,
  expect: { timeout: 20_000 },
  workers: 1,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      ...(browser === undefined ? {} : { executablePath: browser }),
      // Chromium has no sandbox for root, which is who tests run as in a container.
      // Pages that come from elsewhere, see `CREW_SITE`, are asked whether they may talk to this machine.
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...(process.env.CREW_SITE === undefined ? [] : ['--disable-features=LocalNetworkAccessChecks'])],
    },
  },
});
