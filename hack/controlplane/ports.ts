/** Free TCP ports for a control plane. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

import { claim, release } from './claim.ts';

/**
 * Below the ephemeral range: there the kernel could hand the port of a stopped API server to an outgoing connection, and the
 * server could not come back.
 */
const lowest = 20_000;
const highest = 32_000;

/** A port of 127.0.0.1 that nobody listens on, reserved among the control planes of this user until this process ends. */
export async function reservePort(): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const port = randomInt(lowest, highest);
    if (claim(claimFile(port)) && (await isFree(port))) return port;
  }
  throw new Error(`no free port on 127.0.0.1 between ${lowest} and ${highest}`);
}

/** Lets others have the port again. */
export function releasePort(port: number): void {
  release(claimFile(port));
}

function claimFile(port: number): string {
  return join(tmpdir(), `countersign-ports-${userInfo().uid}`, String(port));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
