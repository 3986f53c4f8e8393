import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
  kit: {
    // One page: the daemon serves it for every place within the application.
    adapter: adapter({ pages: 'dist/site', assets: 'dist/site', fallback: 'index.html' }),
    // One script and one style sheet: half a hundred small files take longer to ask for than to read, also from
    // a server on the same machine.
    output: { bundleStrategy: 'single' },
  },
};
