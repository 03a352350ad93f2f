/** What several views are made of. */

/** Good news, bad news, somebody has to do something, or nothing of these. */
export type Tone = 'good' | 'bad' | 'open' | 'plain';

/** Something that cannot be done: what and why, and what to do next. */
export interface ProblemModel {
  readonly message: string;
  readonly next: string;
}

export interface NewsModel {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly tone: Tone;
}

export interface CandidateRow {
  readonly name: string;
  readonly namespace: string;
  readonly target: string;
  readonly package: string;
  readonly version: string;
  readonly summary: string;
  readonly phase: string;
  readonly tone: Tone;
  readonly approvals: string;
  readonly created: string;
  /** '' once it is finished. */
  readonly waitsFor: string;
  readonly isOver: boolean;
}

/** Something that this person may sign in one of these roles, or why they may not. */
export interface SignableModel {
  readonly digest: string;
  readonly roles: readonly string[];
  readonly problem?: ProblemModel | undefined;
}

export interface Done {
  readonly says: string;
}
