// A card's flight to its next column: a copy flies above the board, so that no column cuts it off.

const LENGTH_MS = 180;
/** More at once cannot be followed. */
const FLIGHTS_MAX = 12;

export type Places = ReadonlyMap<number, DOMRect>;

const element = (id: number) => document.getElementById(`card-${id}`);

/** Where the cards are now. */
export function places(ids: readonly number[]): Places {
  const found = new Map<number, DOMRect>();
  for (const id of ids.slice(0, FLIGHTS_MAX)) {
    const card = element(id);
    if (card !== null) found.set(id, card.getBoundingClientRect());
  }
  return found;
}

/** Lets each card fly from where it was to where it is. */
export function fly(from: Places) {
  for (const [id, before] of from) {
    const card = element(id);
    if (card !== null) flight(card, before);
  }
}

function flight(card: HTMLElement, before: DOMRect) {
  const after = card.getBoundingClientRect();
  const copy = card.cloneNode(true) as HTMLElement;
  copy.removeAttribute('id');
  copy.inert = true;
  copy.ariaHidden = 'true';
  const { style } = copy;
  style.position = 'fixed';
  style.left = `${after.left}px`;
  style.top = `${after.top}px`;
  style.width = `${after.width}px`;
  style.zIndex = '5';
  style.pointerEvents = 'none';
  style.boxShadow = 'var(--shadow)';
  document.body.append(copy);
  // Not hidden: it may have the focus, or be given it.
  card.style.opacity = '0';
  const shift = `translate(${before.left - after.left}px, ${before.top - after.top}px)`;
  const animation = copy.animate([{ transform: shift }, { transform: 'none' }], {
    duration: LENGTH_MS,
    easing: 'cubic-bezier(0.2, 0, 0, 1)',
  });
  const land = () => {
    copy.remove();
    card.style.opacity = '';
  };
  animation.finished.then(land, land);
}
