/** How the command ends: exit codes, and problems that are told in three parts. */

/** Every exit code. They are stable: scripts branch on them. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  rejected: 3,
  rolledBack: 4,
  expired: 5,
  superseded: 6,
  failed: 7,
  timedOut: 124,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Something that cannot be done: what and why in `message`, and the next command in `next`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly next: string | undefined;
  readonly code: ExitCode;

  constructor(message: string, next?: string, code: ExitCode = exitCodes.error) {
    super(message);
    this.next = next;
    this.code = code;
  }
}
