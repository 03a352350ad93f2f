/** Whatever comes in whatever order: a copy that is complete shows a state that its namespace was in, and never an earlier one than before. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { manualClock, settle } from '../../test/support/builders/clock.ts';
import { scriptedApi, type PendingCall, type ScriptedStream } from '../../test/support/builders/scripted-api.ts';
import { silentLogger } from '../log.ts';
import type { Copy } from './copy.ts';
import type { KubeObject } from './resource.ts';
import { SharedWatch } from './shared-watch.ts';

const namespaces = ['a', 'b', 'c'] as const;
const names = ['x', 'y'] as const;
const pageSize = 1;

type State = ReadonlyMap<string, KubeObject>;
interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** An API server that remembers every state it was in. */
class Server {
  /** By resource version; the first is of an empty cluster. */
  readonly states: State[] = [new Map()];
  readonly events: (Event | undefined)[] = [undefined];

  get now(): number {
    return this.states.length - 1;
  }

  write(namespace: string, name: string, isDeletion: boolean): void {
    const key = `${namespace}/${name}`;
    const next = new Map(this.states.at(-1));
    const old = next.get(key);
    if (isDeletion && old === undefined) return;
    const resourceVersion = String(this.states.length);
    const uid = old?.metadata.uid ?? `uid-${resourceVersion}`;
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, uid, resourceVersion } };
    if (isDeletion) next.delete(key);
    else next.set(key, object);
    this.states.push(next);
    this.events.push({ type: isDeletion ? 'DELETED' : old === undefined ? 'ADDED' : 'MODIFIED', object });
  }

  at(resourceVersion: number, namespace?: string): readonly KubeObject[] {
    const all = [...(this.states[resourceVersion]?.values() ?? [])];
    return all.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  }
}

const bookmark = (resourceVersion: number, annotations: object = {}) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(resourceVersion), annotations } },
});

/** The stream that is open, as the server sees it. */
class Stream {
  readonly #server: Server;
  readonly #call: PendingCall;
  readonly #stream: ScriptedStream;
  #told: number;
  /** What is still to be told of the list that it begins with; undefined = nothing of it. */
  #first: unknown[] | undefined;
  #isBroken = false;

  /** `at`: the moment that a list shows. */
  constructor(server: Server, call: PendingCall, { at, oldest }: { readonly at: number; readonly oldest: number }) {
    const { query } = call.request;
    this.#server = server;
    this.#call = call;
    this.#stream = call.stream();
    const isList = query?.['sendInitialEvents'] === true;
    this.#told = isList ? at : Number(query?.['resourceVersion']);
    if (isList) {
      const end = bookmark(this.#told, { 'k8s.io/initial-events-end': 'true' });
      this.#first = [...server.at(this.#told).map((object) => ({ type: 'ADDED', object })), end];
    } else if (this.#told < oldest) this.expire();
  }

  /** Tells one thing more, if there is one. */
  tell(): void {
    if (this.#isBroken) return;
    const first = this.#first?.shift();
    if (first !== undefined) return this.#send(first);
    this.#first = undefined;
    if (this.#told >= this.#server.now) return;
    this.#told += 1;
    this.#send(this.#server.events[this.#told]);
  }

  break(): void {
    this.#isBroken = true;
    this.#stream.fail(new Error('read ECONNRESET'));
  }

  expire(): void {
    this.#send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } });
  }

  #send(value: unknown): void {
    // As the transport does it.
    if (this.#call.request.skip?.(Buffer.from(JSON.stringify(value))) !== true) this.#stream.send(value);
  }
}

/** The list of a namespace that is being answered, page by page, all of one moment. */
class Lists {
  readonly #server: Server;
  readonly #rest = new Map<string, { readonly at: number; readonly items: readonly KubeObject[] }>();

  constructor(server: Server) {
    this.#server = server;
  }

  answer({ request, answer }: PendingCall, moment: number): void {
    const namespace = /namespaces\/([^/]+)\//.exec(request.path)?.[1];
    const token = String(request.query?.['continue'] ?? '');
    const { at, items } = this.#rest.get(token) ?? { at: moment, items: this.#server.at(moment, namespace) };
    const rest = items.slice(pageSize);
    const next = rest.length > 0 ? `${namespace} ${at} ${rest.length} ${this.#rest.size}` : '';
    if (next !== '') this.#rest.set(next, { at, items: rest });
    answer({ metadata: { resourceVersion: String(at), continue: next }, items: items.slice(0, pageSize) });
  }
}

interface Shown {
  readonly copy: Copy<string>;
  /** The state that it showed last. */
  at: number;
}

const describe = (objects: readonly KubeObject[]): string =>
  objects
    .map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`)
    .toSorted()
    .join();

const shownBy = (copy: Copy<string>): string => copy.list().toSorted().join();

class World {
  readonly server = new Server();
  readonly #api = scriptedApi();
  readonly #clock = manualClock();
  readonly #lists = new Lists(this.server);
  readonly #shown = new Map<string, Shown>();
  readonly #watch: SharedWatch<string>;
  #stream: Stream | undefined;
  /** When the calls came that are not answered yet. */
  readonly #cameAt = new WeakMap<PendingCall, number>();
  /** History before it is forgotten. */
  #oldest = 0;

  constructor() {
    this.#watch = new SharedWatch<string>(
      {
        resource: { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
        project: ({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`,
      },
      {
        transport: this.#api.transport,
        clock: this.#clock,
        random: () => 0,
        logger: silentLogger,
        settings: { idleMs: 1e9, streamSeconds: 300, backoff: { firstMs: 2, capMs: 4 }, pageSize },
      },
    );
  }

  follow(namespace: string): void {
    if (!this.#shown.has(namespace)) this.#shown.set(namespace, { copy: this.#watch.follow(namespace), at: 0 });
  }

  unfollow(namespace: string): void {
    if (this.#shown.size < 2) return;
    this.#watch.unfollow(namespace);
    this.#shown.delete(namespace);
  }

  /** The stream is open, and its list told. */
  async begin(): Promise<void> {
    await settle();
    this.answer();
    this.tell();
    await settle();
  }

  tell(): void {
    this.#stream?.tell();
  }

  /** The stream tells whatever there is. */
  async catchUp(): Promise<void> {
    for (let i = 0; i < 10; i += 1) {
      this.tell();
      // A line is looked at when everything before it has been taken.
      await settle();
    }
  }

  break(): void {
    this.#stream?.break();
  }

  /** History is forgotten, and the stream with it. */
  expire(): void {
    this.#oldest = this.server.now;
    this.#stream?.break();
  }

  /** Sees what calls there are. */
  notice(): void {
    for (const call of this.#api.unanswered) if (!this.#cameAt.has(call)) this.#cameAt.set(call, this.server.now);
  }

  /** The server answers the call that has waited longest, as of a moment since it came, from 0 = then to 1 = now; or refuses it. */
  answer(moment: number | 'Refuse' = 1): void {
    const [call] = this.#api.unanswered;
    if (call === undefined) return;
    void this.#api.next();
    if (call.request.signal?.aborted === true) return;
    const { now } = this.server;
    const cameAt = this.#cameAt.get(call) ?? now;
    const at = moment === 'Refuse' ? now : cameAt + Math.round(moment * (now - cameAt));
    if (moment === 'Refuse') call.refuse(503, { kind: 'Status', message: 'not now' });
    else if (call.request.answer === 'Stream')
      this.#stream = new Stream(this.server, call, { at, oldest: this.#oldest });
    else this.#lists.answer(call, at);
  }

  /** The accepted write of an object is folded in before it is told. */
  observe(namespace: string, name: string): void {
    const object = this.server.states.at(-1)?.get(`${namespace}/${name}`);
    if (object !== undefined) this.#watch.observed(object);
  }

  async pause(): Promise<void> {
    await this.#clock.advance(4);
  }

  /** A state of the server, and not one before the last. */
  check(): void {
    for (const [namespace, shown] of this.#shown) {
      if (!shown.copy.isSynced()) continue;
      const seen = shownBy(shown.copy);
      while (shown.at <= this.server.now && describe(this.server.at(shown.at, namespace)) !== seen) shown.at += 1;
      expect(shown.at).toBeLessThanOrEqual(this.server.now);
    }
  }

  /** Everything is answered and told. What the copies show then, and what they should. */
  async end(): Promise<{ readonly shown: readonly unknown[]; readonly expected: readonly unknown[] }> {
    for (let i = 0; i < 200; i += 1) {
      this.answer();
      this.tell();
      await this.pause();
      if (this.#isDone()) break;
    }
    const shown = [...this.#shown].map(([namespace, { copy }]) => [namespace, copy.isSynced(), shownBy(copy)]);
    const expected = [...this.#shown.keys()].map((namespace) => [namespace, true, this.#truth(namespace)]);
    await this.#watch.stop();
    return { shown: [...shown, this.#clock.pending()], expected: [...expected, 0] };
  }

  #truth(namespace: string): string {
    return describe(this.server.at(this.server.now, namespace));
  }

  #isDone(): boolean {
    return [...this.#shown].every(
      ([namespace, { copy }]) => copy.isSynced() && shownBy(copy) === this.#truth(namespace),
    );
  }
}

const namespace = fc.constantFrom(...namespaces);
const name = fc.constantFrom(...names);

interface Step {
  readonly text: string;
  readonly run: (world: World) => void | Promise<void>;
}

const step = (text: string, run: Step['run']): Step => ({ text, run });

const steps = fc.array(
  fc.oneof(
    {
      weight: 18,
      arbitrary: fc
        .tuple(namespace, name, fc.boolean())
        .map(([ns, n, del]) => step(`${del ? 'delete' : 'put'} ${ns}/${n}`, ({ server }) => server.write(ns, n, del))),
    },
    { weight: 6, arbitrary: namespace.map((ns) => step(`follow ${ns}`, (world) => world.follow(ns))) },
    { weight: 4, arbitrary: namespace.map((ns) => step(`unfollow ${ns}`, (world) => world.unfollow(ns))) },
    { weight: 10, arbitrary: fc.constant(step('tell', (world) => world.tell())) },
    {
      weight: 8,
      arbitrary: fc
        .double({ min: 0, max: 1, noNaN: true })
        .map((at) => step(`answer ${at}`, (world) => world.answer(at))),
    },
    { weight: 6, arbitrary: fc.constant(step('catch up', (world) => world.catchUp())) },
    { weight: 1, arbitrary: fc.constant(step('refuse', (world) => world.answer('Refuse'))) },
    { weight: 2, arbitrary: fc.constant(step('pause', (world) => world.pause())) },
    { weight: 1, arbitrary: fc.constant(step('break', (world) => world.break())) },
    { weight: 1, arbitrary: fc.constant(step('expire', (world) => world.expire())) },
  ),
  { maxLength: 150, size: 'max' },
);

const observing = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: steps },
    {
      weight: 1,
      arbitrary: fc
        .tuple(namespace, name)
        .map(([ns, n]) => [step(`observe ${ns}/${n}`, (world) => world.observe(ns, n))]),
    },
  ),
  { maxLength: 4, size: 'max' },
);

/** `begins`: the stream is open before the first step. */
const run = async (all: readonly Step[], begins: boolean, between: (world: World) => void) => {
  const world = new World();
  world.follow('a');
  if (begins) await world.begin();
  for (const each of all) {
    await each.run(world);
    await settle();
    world.notice();
    between(world);
  }
  return await world.end();
};

const numRuns = Number(process.env['COUNTERSIGN_STREAM_RUNS'] ?? 300);

test('a complete copy shows a state of its namespace, never an earlier one, and in the end the last', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (all, begins) => {
      const { shown, expected } = await run(all, begins, (world) => world.check());
      expect(shown).toEqual(expected);
    }),
    { numRuns },
  );
}, 120_000);

test('accepted writes that are folded in change nothing of that end', async () => {
  await fc.assert(
    fc.asyncProperty(observing, async (all) => {
      const { shown, expected } = await run(all.flat(), true, () => {});
      expect(shown).toEqual(expected);
    }),
    { numRuns },
  );
}, 120_000);
