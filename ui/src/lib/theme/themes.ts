// The themes, in the order in which they are offered. Each is a file of tokens in `themes/`.

export interface Theme {
  readonly id: string;
  readonly label: string;
  readonly scheme: 'light' | 'dark';
}

export const THEMES: readonly Theme[] = [
  { id: 'light', label: 'Light', scheme: 'light' },
  { id: 'dark', label: 'Dark', scheme: 'dark' },
  { id: 'high-contrast', label: 'High contrast', scheme: 'dark' },
  { id: 'high-contrast-light', label: 'High contrast light', scheme: 'light' },
  { id: 'catppuccin-latte', label: 'Catppuccin Latte', scheme: 'light' },
  { id: 'catppuccin-frappe', label: 'Catppuccin Frappé', scheme: 'dark' },
  { id: 'catppuccin-macchiato', label: 'Catppuccin Macchiato', scheme: 'dark' },
  { id: 'catppuccin-mocha', label: 'Catppuccin Mocha', scheme: 'dark' },
  { id: 'gruvbox-dark', label: 'Gruvbox Dark', scheme: 'dark' },
  { id: 'gruvbox-light', label: 'Gruvbox Light', scheme: 'light' },
  { id: 'nord', label: 'Nord', scheme: 'dark' },
  { id: 'solarized-dark', label: 'Solarized Dark', scheme: 'dark' },
  { id: 'solarized-light', label: 'Solarized Light', scheme: 'light' },
  { id: 'tokyo-night', label: 'Tokyo Night', scheme: 'dark' },
  { id: 'dracula', label: 'Dracula', scheme: 'dark' },
  { id: 'rose-pine', label: 'Rosé Pine', scheme: 'dark' },
  { id: 'rose-pine-dawn', label: 'Rosé Pine Dawn', scheme: 'light' },
  { id: 'github-light', label: 'GitHub Light', scheme: 'light' },
  { id: 'github-dark', label: 'GitHub Dark', scheme: 'dark' },
];
