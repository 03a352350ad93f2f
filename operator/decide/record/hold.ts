/** A content that was taken back is on hold. */

/** Why a content is on hold: the entry that said it was taken back, by name and id, and whose it was. */
export interface Hold {
  readonly name: string;
  readonly id: string;
  readonly candidate: { readonly name: string; readonly uid: string; readonly namespace: string };
}

/** A hold that was lifted, and the signature that did it. */
export interface LiftedHold extends Hold {
  readonly approval: { readonly name: string; readonly uid: string; readonly username: string };
}
