// Where else a task is to be seen. Pure.

import type { Card } from '$lib/api/types';
import type { IconName } from '$lib/ui/icons';

export interface LinkAway {
  readonly url: string;
  readonly label: string;
  readonly icon: IconName;
}

type Linked = Pick<Card, 'issue' | 'issue_url' | 'pull' | 'pull_url' | 'pr'>;

/** An address that a browser may open: what agents name need not be one. */
function safe(url: string | null | undefined): string | null {
  return url && /^https?:\/\//.test(url) ? url : null;
}

export function linksOf(card: Linked): LinkAway[] {
  const links: LinkAway[] = [];
  const pull = safe(card.pull_url) ?? safe(card.pr);
  const issue = safe(card.issue_url);
  if (issue !== null) links.push({ url: issue, label: `issue #${card.issue} on GitHub`, icon: 'issue' });
  if (pull !== null) links.push({ url: pull, label: card.pull === null ? 'pull request' : `pull request #${card.pull} on GitHub`, icon: 'pull' });
  return links;
}
