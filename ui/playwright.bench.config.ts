import { defineConfig } from '@playwright/test';
import base from './playwright.config';

// What the user interface costs and how fast it is, beside bare pages: docs/benchmarks.md.
export default defineConfig({
  ...base,
  testDir: 'bench',
  outputDir: 'test-results/bench',
  timeout: 4_800_000,
});
