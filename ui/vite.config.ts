import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [sveltekit()],
  build: { assetsInlineLimit: 0 },
  // `npm run dev` beside a daemon: CREW_URL is what `crew up --json` prints.
  server: { proxy: { '/api': { target: process.env.CREW_URL ?? 'http://127.0.0.1:1', ws: true } } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
