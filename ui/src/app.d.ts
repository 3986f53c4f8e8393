declare global {
  namespace App {
    interface PageState {
      /** The task that is open in the drawer. */
      task?: number;
    }
  }
}

export {};
