/** `kubectl countersign dashboard`: a page for those who would rather look than type. */
import { connectionOptions, type CommandDefinition } from '../command.ts';
import { Problem, exitCodes } from '../exit.ts';
import { bold, dim } from '../output/parts.ts';
import type { Session } from '../session.ts';

const highestPort = 65_535;

const portOf = (session: Session): number => {
  const text = session.text('port');
  if (text === undefined) return 0;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port <= highestPort) return port;
  throw new Problem(`--port ${text} is no port`, `Name one from 1 to ${highestPort}, or leave it out`, exitCodes.usage);
};

const run = async (session: Session): Promise<void> => {
  const port = portOf(session);
  const [{ startServer }, cluster] = await Promise.all([import('../dashboard/server.ts'), session.cluster()]);
  // Somebody whom the API server does not know is told before a page opens.
  const { username } = await cluster.whoAmI();
  const { address, server } = await startServer(session, port);
  const { out } = session;
  out.line(bold(address));
  out.note(dim(`For ${username} alone: this address can do what you can. It ends with Ctrl-C.`));
  await new Promise((resolve) => server.once('close', resolve));
};

export const dashboard: CommandDefinition = {
  name: 'dashboard',
  summary: 'Serves a page on this machine: what waits for you, deltas, signing, the record.',
  description:
    'Prints an address on 127.0.0.1 with a random token in it; open it in a browser on this machine. The page shows what the commands show, live, and signs and rejects as you, with your kubeconfig. It stores nothing, loads nothing from outside, and ends with Ctrl-C.',
  options: [
    {
      flags: '--port <number>',
      description: 'This port, such as for a tunnel that ends at the same port of 127.0.0.1. Absent: any free one.',
    },
    ...connectionOptions,
  ],
  examples: [
    { says: 'What waits for me, as a page', line: 'dashboard' },
    { says: 'Of some namespaces only', line: 'dashboard -n payments-prod,billing-prod' },
  ],
  run,
};
