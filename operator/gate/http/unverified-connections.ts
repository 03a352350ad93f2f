/**
 * Connections that have not yet shown that they come from the API server. There is room for a few, and a new one pushes out the oldest: the
 * API server speaks within milliseconds of connecting, so a flood of silent connections pushes out its own, and of the API server's only
 * those that it keeps for later.
 */
import type { Socket } from 'node:net';

/** The end of a connection; the raw socket and the TLS socket on it have the same. */
type End = Pick<Socket, 'remoteAddress' | 'remotePort'>;

export class Strangers {
  readonly #room: number;
  /** In order of arrival. */
  readonly #sockets = new Map<string, Socket>();

  constructor(room: number) {
    this.#room = room;
  }

  /** A connection was opened. */
  arrived(socket: Socket): void {
    const key = keyOf(socket);
    this.#sockets.set(key, socket);
    socket.once('close', () => {
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
    });
    if (this.#sockets.size <= this.#room) return;
    for (const [oldest, stranger] of this.#sockets) {
      this.#sockets.delete(oldest);
      stranger.destroy();
      return;
    }
  }

  /** Nobody new is to be served: ends those that have not shown it yet. */
  pushOut(): void {
    for (const stranger of this.#sockets.values()) stranger.destroy();
  }

  /** Whoever is on this connection knows the path. */
  introduced(socket: End): void {
    this.#sockets.delete(keyOf(socket));
  }

  get count(): number {
    return this.#sockets.size;
  }
}

const keyOf = ({ remoteAddress = '', remotePort = 0 }: End): string => `${remoteAddress} ${remotePort}`;
