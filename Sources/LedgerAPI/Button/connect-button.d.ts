// Types of Token Ledger's Connect Health Data button (docs/integrator.md#the-button-in-one-line).
export {};

/** What the button tells of itself, in the order in which it may happen. */
export type ConnectHealthDataState =
  /** The button was pressed; the launch is asked for. */
  | 'opening'
  /** No popup: the backend, the ledger or the provider refused or did not answer. */
  | 'refused'
  /** The popup is open. */
  | 'open'
  /** The popup shows an error, and is still open. */
  | 'error'
  /** The popup was finished; its session is on the way to the ledger. */
  | 'storing'
  /** The tokens are stored. The page is loaded anew, unless the event was cancelled. */
  | 'finished'
  /** The finish was refused, or nothing answered it. The same holds. */
  | 'failed'
  /** The popup was closed. The same holds. */
  | 'closed';

/** The detail of the event `connect-health-data`. */
export interface ConnectHealthDataDetail {
  readonly state: ConnectHealthDataState;
  /** With `open`: whether the popup opened for somebody new. */
  readonly mode?: 'create' | 'edit';
  /** A stable word, with `refused`, `error` and `failed`, and with `closed` after an error. */
  readonly code?: string;
  /** A sentence for the user, beside a `code`. */
  readonly message?: string;
}

/** `<connect-health-data launch="…">`: the button, as an element. */
export interface ConnectHealthDataElement extends HTMLElement {
  /** Presses the button. */
  press(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    'connect-health-data': ConnectHealthDataElement;
  }
  interface HTMLElementEventMap {
    'connect-health-data': CustomEvent<ConnectHealthDataDetail>;
  }
  interface DocumentEventMap {
    'connect-health-data': CustomEvent<ConnectHealthDataDetail>;
  }
}
