// Staying connected: opens a stream, and opens it again when it ends, for as long as it is wanted.

/** Waits between attempts, in milliseconds; the last one is repeated. */
const WAITS = [150, 400, 1_000, 2_000, 4_000];

export type LinkState = 'connecting' | 'live' | 'offline';

export interface LinkOptions {
  /** Opens the stream where it is to go on; null when there is nothing more to come. */
  readonly open: () => Promise<WebSocket | null>;
  readonly message: (text: string) => void;
  readonly state: (state: LinkState) => void;
}

export class Link {
  readonly #options: LinkOptions;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #ended = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** Tries again at once. */
  hurry() {
    if (this.#socket !== null || this.#ended) return;
    this.#failures = 0;
    clearTimeout(this.#timer);
    void this.#connect();
  }

  /** Closes the stream and opens it again. */
  restart() {
    this.#drop();
    this.hurry();
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  async #connect() {
    this.#options.state(this.#failures > 1 ? 'offline' : 'connecting');
    let socket: WebSocket | null;
    try {
      socket = await this.#options.open();
    } catch {
      this.#later();
      return;
    }
    if (socket === null || this.#ended) {
      socket?.close();
      return;
    }
    this.#socket = socket;
    const isOurs = () => this.#socket === socket;
    socket.onopen = () => {
      if (!isOurs()) return;
      this.#failures = 0;
      this.#options.state('live');
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      if (isOurs()) this.#options.message(event.data);
    };
    socket.onclose = () => {
      if (!isOurs()) return;
      this.#socket = null;
      this.#later();
    };
  }

  #later() {
    if (this.#ended) return;
    const wait = WAITS[Math.min(this.#failures, WAITS.length - 1)] ?? 0;
    this.#failures += 1;
    if (this.#failures > 1) this.#options.state('offline');
    this.#timer = setTimeout(() => void this.#connect(), wait);
  }
}
