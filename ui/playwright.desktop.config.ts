import { defineConfig } from '@playwright/test';

// The real desktop window, on a display of its own. The runner is Playwright's; the window is
// driven over WebDriver, which WebKit speaks itself.
export default defineConfig({
  testDir: 'desktop',
  outputDir: 'test-results/desktop',
  timeout: 180_000,
  workers: 1,
  reporter: [['list']],
});
