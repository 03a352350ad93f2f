/** A view as a stream of server-sent events: its model as it is, and again when something changed. Watches say when; nothing is polled. */
import type { ServerResponse } from 'node:http';
import { Cluster } from '../cluster/cluster.ts';
import type { Session } from '../session.ts';
import { cleanJson, passes, problemModel } from './clean.ts';
import type { Desk, Place, View } from './desk.ts';
import { after, bell, type Bell } from './pace.ts';
import { Watches } from './watches.ts';

/** Between two looks: what changes a hundred times a second is not asked for as often. */
const paceMs = 150;
/** Before an API server that was not reached is asked again. */
const retryMs = 3_000;
/** Browsers open six connections to a place, tabs together. The rest is for what people do. */
const maxStreams = 4;

interface Stream {
  readonly response: ServerResponse;
  readonly again: Bell;
  /** Once the tab is gone. */
  readonly gone: AbortController;
  /** What is to be undone then. */
  readonly ends: (() => void)[];
}

const send = ({ response }: Stream, event: string, data: string): void => {
  response.write(`event: ${event}\ndata: ${data}\n\n`);
};

/** What one view sees through: everything that it follows ends with the stream. */
const deskFor = (
  { session, cluster, watches }: { session: Session; cluster: Cluster; watches: Watches },
  { again, gone, ends }: Stream,
): Desk => {
  const followed = new Set<string>();
  const follow: Desk['follow'] = (resource, selection, heard) => {
    const key = JSON.stringify([resource.plural, selection]);
    if (gone.signal.aborted || followed.has(key)) return;
    followed.add(key);
    ends.push(
      watches.on(resource, selection, (production) => {
        heard?.(production);
        again.ring();
      }),
    );
  };
  return {
    session,
    cluster: () => new Cluster(cluster.access, cluster.transport),
    now: () => session.now(),
    follow,
    async record(resource, selection) {
      follow(resource, selection);
      return [...(await watches.held(resource, selection)).values()];
    },
  };
};

const run = async (stream: Stream, view: View, desk: Desk, place: Place): Promise<void> => {
  const { again, gone } = stream;
  const { signal } = gone;
  const look = view(desk, place);
  let last = '';
  while (!signal.aborted) {
    again.answer();
    try {
      const text = cleanJson(await look());
      if (text !== last && !signal.aborted) send(stream, 'model', text);
      last = text;
    } catch (error) {
      last = '';
      if (!signal.aborted) send(stream, 'problem', cleanJson(problemModel(error)));
      if (passes(error)) void after(retryMs, signal).then(() => again.ring());
    }
    await after(paceMs, signal);
    await again.heard(signal);
  }
};

export interface Live {
  readonly open: (view: View, place: Place, response: ServerResponse) => Promise<void>;
}

export const liveViews = (session: Session, cluster: Cluster): Live => {
  const watches = new Watches(cluster);
  const streams = new Set<Stream>();

  const end = (stream: Stream): void => {
    streams.delete(stream);
    stream.gone.abort();
    for (const each of stream.ends.splice(0)) each();
    stream.response.end();
  };

  /** The tab that was opened first shows that it rests, and goes on when somebody looks at it again. */
  const makeRoom = (): void => {
    const [oldest] = streams;
    if (streams.size < maxStreams || oldest === undefined) return;
    send(oldest, 'paused', '{}');
    end(oldest);
  };

  return {
    async open(view, place, response) {
      const stream: Stream = { response, again: bell(), gone: new AbortController(), ends: [] };
      makeRoom();
      streams.add(stream);
      response.on('close', () => end(stream));
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      await run(stream, view, deskFor({ session, cluster, watches }, stream), place);
    },
  };
};
