/** Every command, in the order in which the help shows them. */
import type { CommandDefinition } from './command.ts';
import { approve } from './commands/approve.ts';
import { diff } from './commands/diff.ts';
import { get } from './commands/get.ts';
import { pending } from './commands/pending.ts';
import { reject } from './commands/reject.ts';
import { wait } from './commands/wait.ts';
import { why } from './commands/why.ts';
import { withdraw } from './commands/withdraw.ts';

export const commands: readonly CommandDefinition[] = [get, why, diff, pending, approve, reject, wait, withdraw];
