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

/** What each means, as the documentation has it. */
export const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'Done. `wait`: promoted, or as `--for` asks.',
  error:
    'Refused, not found or not reachable; `doctor`: at least one finding of severity error; the message says what to do.',
  usage: 'The command line is wrong.',
  rejected: '`wait`: somebody rejected the candidate.',
  rolledBack: '`wait`: production was rolled back.',
  expired: '`wait`: the candidate waited too long.',
  superseded: '`wait`: another candidate replaced it, or it was withdrawn.',
  failed: '`wait`: the promotion failed and could not be rolled back, or `onFailure: Page` left it.',
  timedOut: '`wait`: `--timeout` passed first.',
  interrupted: 'Ctrl-C.',
};

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
