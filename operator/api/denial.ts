/** A refusal. `{{name}}` stands for a fact of the request at hand. */
export interface Denial {
  /** Whom it meets, as one phrase. */
  readonly who: string;
  /** What they may not do, after “may not”. */
  readonly what: string;
  /** Why, as one clause. */
  readonly why: string;
  /** What to do next; a command where there is one. */
  readonly next: string;
}
