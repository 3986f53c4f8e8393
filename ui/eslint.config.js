import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import config from './svelte.config.js';

export default ts.config(
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, svelteConfig: config, extraFileExtensions: ['.svelte'] },
    },
  },
  {
    rules: {
      // The application has no base path: it is served by the daemon from its root.
      'svelte/no-navigation-without-resolve': 'off',
      // What is kept in `$state.raw` is replaced as a whole, never changed.
      'svelte/prefer-svelte-reactivity': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  { ignores: ['dist/', '.svelte-kit/', 'node_modules/', 'src/lib/api/schema.d.ts'] },
);
