/** Who made the source that the content was built from, as somebody signed it. */

/** Somebody whom a signed statement names, and the first thing that it says they did. */
export interface SourceAuthor {
  /** As the statement has it: a mail address or an account of the forge. */
  readonly username: string;
  /** Such as `wrote commit 3f0e… of https://git.example/payments`. */
  readonly did: string;
  /** The Evidence that brings the statement. */
  readonly evidence: string;
}

export interface SourceAuthors {
  /** Each username once. */
  readonly known: readonly SourceAuthor[];
  /** Those of them of whom nobody says which account of the cluster is theirs. */
  readonly unknown: readonly SourceAuthor[];
  /** Names of Evidence that names people, where it is not answered yet who signed it. */
  readonly unanswered: readonly string[];
}

/** People whom all statements about one content may name: the entry that begins its promotion names them all. */
export const mostSourceAuthors = 250;

/** Where no evidence names anybody. */
export const noSourceAuthors: SourceAuthors = { known: [], unknown: [], unanswered: [] };

/** How a person stands in a sentence. */
export const deedOf = ({ username, did, evidence }: SourceAuthor): string => `${username} ${did} (${evidence})`;
