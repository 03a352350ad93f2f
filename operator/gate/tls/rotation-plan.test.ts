import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  isTrusted,
  planCertificates,
  toServe,
  withIssued,
  type CertificateFacts,
  type Chain,
  type Issued,
  type Publication,
  type State,
  type Stored,
} from './rotation-plan.ts';
import { pathOf } from './secret-path.ts';

const overlapMs = 100;
const lifetimes = { validForMs: 2_000, renewAfterMs: 1_000, overlapMs };
const hosts = ['gate.svc'];
const seed = 's'.repeat(43);
/** The path that is published unless a test says otherwise. */
const index = 1;
const path = { notBefore: 0, maxAgeMs: 100_000 };

const issued = (name: string, given: Partial<Issued> = {}): Issued => ({
  authority: `ca-${name}.`,
  certificate: `certificate-${name}`,
  key: `key-${name}`,
  hosts,
  issuedAt: 0,
  notAfter: 2_000,
  ...given,
});
const chain = (given: Partial<Chain> = {}): Chain => ({
  current: issued('a'),
  next: undefined,
  retired: [],
  ...given,
});
const stored = (given: Partial<Chain> = {}): Stored => ({
  resourceVersion: '20',
  state: { seed, chain: chain(given) },
});
const names = ['writes', 'orders'] as const;
const published = (trusted: string, from = '20', at = index, madeFrom = seed): Publication => ({
  from,
  webhooks: names.map((entry) => ({ entry, trusted, path: pathOf(madeFrom, at, entry) })),
});
const facts = (given: Partial<CertificateFacts> = {}): CertificateFacts => ({
  stored: stored(),
  publication: published('ca-a.\n'),
  lifetimes,
  hosts,
  path,
  ...given,
});

describe('the next step', () => {
  const b = issued('b', { issuedAt: 1_000, notAfter: 3_000 });
  const both = published('ca-a.\nca-b.\n');
  test.each<[string, Partial<CertificateFacts>, number, unknown]>([
    [
      'nothing is stored: a first certificate',
      { stored: { resourceVersion: '1', state: undefined } },
      0,
      { do: 'Issue', as: 'Current' },
    ],
    [
      'certificates are ours to make from now on: a first certificate',
      { stored: { resourceVersion: '1', state: { seed, chain: undefined } } },
      0,
      { do: 'Issue', as: 'Current' },
    ],
    [
      'others make certificates, and there is no seed: a seed',
      { stored: { resourceVersion: '1', state: undefined }, lifetimes: undefined },
      0,
      { do: 'StoreSeed' },
    ],
    [
      'others make certificates: only the path is published',
      { lifetimes: undefined, publication: published('theirs', '20', 0) },
      5,
      { do: 'Publish', seed, index: 5, trusted: undefined },
    ],
    [
      'others make certificates, and the path is published: nothing',
      { lifetimes: undefined, publication: published('theirs') },
      5_000,
      { do: 'Wait', until: 100_001 },
    ],
    ['there is no configuration: nothing', { publication: undefined }, 5_000, { do: 'Wait', until: undefined }],
    [
      'nobody trusts us: publish',
      { publication: published('', '') },
      5,
      { do: 'Publish', seed, index, trusted: 'ca-a.\n' },
    ],
    [
      'somebody changed the path: publish',
      { publication: published('ca-a.\n', '20', 1, 'another seed') },
      5,
      { do: 'Publish', seed, index: 5, trusted: 'ca-a.\n' },
    ],
    [
      'the path may be known: publish a newer one',
      { path: { ...path, notBefore: 2 } },
      5,
      { do: 'Publish', seed, index: 5, trusted: 'ca-a.\n' },
    ],
    [
      'the path is as old as it may be: publish a newer one',
      { path: { ...path, maxAgeMs: 4 } },
      5,
      { do: 'Publish', seed, index: 5, trusted: 'ca-a.\n' },
    ],
    ['it is not quite: wait', { path: { ...path, maxAgeMs: 4 } }, 4, { do: 'Wait', until: 5 }],
    [
      'a clock that is behind those of others: publish a newer path all the same',
      { publication: published('ca-a.\n', '20', 900), path: { ...path, notBefore: 901 } },
      5,
      { do: 'Publish', seed, index: 901, trusted: 'ca-a.\n' },
    ],
    [
      'somebody added an authority: publish',
      { publication: published('ca-a.\nca-evil.\n') },
      0,
      { do: 'Publish', seed, index, trusted: 'ca-a.\n' },
    ],
    [
      'one webhook of many was changed: publish',
      {
        publication: {
          from: '20',
          webhooks: published('ca-a.\n').webhooks.map((each, i) => (i === 1 ? { ...each, trusted: '' } : each)),
        },
      },
      0,
      { do: 'Publish', seed, index, trusted: 'ca-a.\n' },
    ],
    [
      'a replica that has heard of more has published: wait to hear of it',
      { publication: published('ca-a.\nca-b.\n', '21') },
      0,
      { do: 'Wait', until: undefined },
    ],
    ['all is well: wait until it is due', {}, 999, { do: 'Wait', until: 1_000 }],
    ['it is due: the next certificate', {}, 1_000, { do: 'Issue', as: 'Next' }],
    ['other hosts are wanted: the next certificate', { hosts: ['other.svc'] }, 0, { do: 'Issue', as: 'Next' }],
    [
      'the next authority is not published: publish both',
      { stored: stored({ next: b }) },
      1_000,
      { do: 'Publish', seed, index, trusted: 'ca-a.\nca-b.\n' },
    ],
    [
      'it is published: note when',
      { stored: stored({ next: b }), publication: both },
      1_010,
      { do: 'Store', state: { seed, chain: chain({ next: { ...b, publishedAt: 1_010 } }) } },
    ],
    [
      'not everybody may have heard of it: wait',
      { stored: stored({ next: { ...b, publishedAt: 1_010 } }), publication: both },
      1_109,
      { do: 'Wait', until: 1_110 },
    ],
    [
      'everybody has: it becomes the current one, and the old authority stays for a while',
      { stored: stored({ next: { ...b, publishedAt: 1_010 } }), publication: both },
      1_110,
      {
        do: 'Store',
        state: { seed, chain: { current: b, next: undefined, retired: [{ authority: 'ca-a.', until: 1_210 }] } },
      },
    ],
    [
      'the current one has ended: no time is lost',
      { stored: stored({ next: { ...b, publishedAt: 1_999 } }), publication: both },
      2_000,
      {
        do: 'Store',
        state: { seed, chain: { current: b, next: undefined, retired: [{ authority: 'ca-a.', until: 2_100 }] } },
      },
    ],
    [
      'the old authority has been kept long enough: forget it',
      {
        stored: stored({ current: b, retired: [{ authority: 'ca-a.', until: 1_210 }] }),
        publication: published('ca-b.\nca-a.\n'),
      },
      1_210,
      { do: 'Store', state: { seed, chain: chain({ current: b }) } },
    ],
    [
      'it has not: wait',
      {
        stored: stored({ current: b, retired: [{ authority: 'ca-a.', until: 1_210 }] }),
        publication: published('ca-b.\nca-a.\n'),
      },
      1_209,
      { do: 'Wait', until: 1_210 },
    ],
  ])('%s', (_, given, now, step) => {
    expect(planCertificates(facts(given), now)).toEqual(step);
  });
});

describe('what is served', () => {
  const old = issued('old');
  test.each<[string, Publication | undefined, Issued | undefined, Issued | undefined]>([
    ['the current certificate, where it is trusted', published('ca-a.\n'), undefined, issued('a')],
    ['nothing at first, where it is not', published('ca-other.\n'), undefined, undefined],
    ['what was served, where it is not', published('ca-other.\n'), old, old],
    ['nothing at first, without a configuration', undefined, undefined, undefined],
    ['nothing, where no webhook of the configuration is ours', { from: '', webhooks: [] }, undefined, undefined],
  ])('%s', (_, publication, served, expected) => {
    expect(toServe(stored(), publication, served)).toEqual(expected);
  });

  test('not a certificate that one webhook does not trust', () => {
    const [first, ...rest] = published('ca-a.\n').webhooks;
    if (first === undefined) throw new Error('there are webhooks');
    expect(isTrusted({ from: '', webhooks: [...rest, { ...first, trusted: '' }] }, issued('a'))).toBe(false);
  });
});

/** Something that is written, and heard of later by those who follow it. */
class Followed<T> {
  readonly #states: { readonly at: number; readonly value: T }[] = [];

  write(at: number, value: T): void {
    this.#states.push({ at, value });
  }

  get last(): number {
    return this.#states.length - 1;
  }

  get(index: number): T {
    const state = this.#states[index];
    if (state === undefined) throw new Error('nothing was written');
    return state.value;
  }

  /** The oldest state that somebody may still hold for the newest, when everybody hears within `lagMs`. */
  oldestKnown(now: number, lagMs: number): number {
    const next = this.#states.findIndex(({ at }, index) => index > 0 && at > now - lagMs);
    return next < 0 ? this.last : next - 1;
  }
}

interface Replica {
  secret: number;
  configuration: number;
  served: Issued | undefined;
}

/** Rotations as close on each other as they can be. */
const quick = { validForMs: 3_000, renewAfterMs: 150, overlapMs };

/** Two replicas, an API server, and who has heard of what. */
class History {
  now = 0;
  readonly secret = new Followed<Stored>();
  readonly configuration = new Followed<Publication>();
  readonly replicas: readonly Replica[] = [0, 1].map(() => ({ secret: 0, configuration: 0, served: undefined }));
  /** What the API server has heard of the configuration. */
  apiServer = 0;
  #made = 0;
  #version = 1;
  /** A certificate was let end: nobody was believed before, so the next one is not held back until everybody has heard. */
  #lapsedUntil = 0;
  rotations = 0;

  constructor() {
    this.secret.write(0, { resourceVersion: '1', state: undefined });
    this.configuration.write(0, published('', '', 0));
  }

  advance(ms: number): void {
    this.now += ms;
    const secret = this.secret.oldestKnown(this.now, overlapMs);
    const configuration = this.configuration.oldestKnown(this.now, overlapMs);
    for (const replica of this.replicas) {
      replica.secret = Math.max(replica.secret, secret);
      replica.configuration = Math.max(replica.configuration, configuration);
      this.#serve(replica);
    }
    this.apiServer = Math.max(this.apiServer, configuration);
  }

  hear(which: number, what: 'secret' | 'configuration'): void {
    const replica = this.#replica(which);
    replica[what] = Math.min(replica[what] + 1, this[what].last);
    this.#serve(replica);
  }

  apiServerHears(): void {
    this.apiServer = Math.min(this.apiServer + 1, this.configuration.last);
  }

  restart(which: number): void {
    const replica = this.#replica(which);
    replica.served = undefined;
    this.#serve(replica);
  }

  /** The replica plans from what it has heard; its write counts if nobody wrote since. */
  act(which: number): void {
    const replica = this.#replica(which);
    this.#serve(replica);
    const seen = this.secret.get(replica.secret);
    const step = planCertificates(
      {
        stored: seen,
        publication: this.configuration.get(replica.configuration),
        lifetimes: quick,
        hosts,
        path,
      },
      this.now,
    );
    if (step.do === 'Wait' || step.do === 'StoreSeed') return;
    if (step.do === 'Publish') {
      if (replica.configuration !== this.configuration.last) return;
      this.configuration.write(this.now, published(step.trusted ?? '', seen.resourceVersion, step.index));
      replica.configuration = this.configuration.last;
      return;
    }
    if (replica.secret !== this.secret.last) return;
    this.#version += 1;
    this.secret.write(this.now, { resourceVersion: String(this.#version), state: this.#stateAfter(seen, step) });
    replica.secret = this.secret.last;
  }

  #stateAfter(seen: Stored, step: { do: 'Issue'; as: 'Current' | 'Next' } | { do: 'Store'; state: State }): State {
    if (step.do === 'Store') {
      const before = seen.state?.chain?.current;
      if (step.state.chain?.current.authority !== before?.authority) {
        this.rotations += 1;
        if (before !== undefined && before.notAfter <= this.now) this.#lapsedUntil = this.now + overlapMs;
      }
      return step.state;
    }
    this.#made += 1;
    const made = issued(String(this.#made), { issuedAt: this.now, notAfter: this.now + quick.validForMs });
    return withIssued(seen.state, made, { as: step.as, newSeed: seed });
  }

  #serve(replica: Replica): void {
    replica.served = toServe(
      this.secret.get(replica.secret),
      this.configuration.get(replica.configuration),
      replica.served,
    );
  }

  #replica(which: number): Replica {
    const replica = this.replicas[which];
    if (replica === undefined) throw new Error('there are two replicas');
    return replica;
  }

  /** Whether every connection that the API server opens now meets a certificate that it believes. */
  isBelieved(): boolean {
    const trusted = this.configuration.get(this.apiServer);
    const hasBegun = trusted.from !== '' && this.now >= this.#lapsedUntil;
    return !hasBegun || this.replicas.every(({ served }) => served === undefined || isTrusted(trusted, served));
  }
}

/** One thing that happens, in a form that a counterexample can show. */
type Act =
  | { readonly do: 'act' | 'restart'; readonly which: number }
  | { readonly do: 'hear'; readonly which: number; readonly what: 'secret' | 'configuration' }
  | { readonly do: 'apiServerHears' }
  | { readonly do: 'advance'; readonly ms: number };

const which = fc.nat(1);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('act' as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('hear' as const),
      which,
      what: fc.constantFrom('secret' as const, 'configuration' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('apiServerHears' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 90 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 100, max: 900 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), which }) },
);

const happens = (history: History, given: Act): void => {
  switch (given.do) {
    case 'act':
      return history.act(given.which);
    case 'restart':
      return history.restart(given.which);
    case 'hear':
      return history.hear(given.which, given.what);
    case 'apiServerHears':
      return history.apiServerHears();
    case 'advance':
      return history.advance(given.ms);
  }
};

describe('in any history of two replicas that hear of every write within the overlap', () => {
  test('no certificate is served that the API server would not believe', () => {
    let rotations = 0;
    fc.assert(
      fc.property(fc.array(act, { minLength: 100, maxLength: 400, size: 'max' }), (acts) => {
        const history = new History();
        for (const each of acts) {
          happens(history, each);
          expect(history.isBelieved()).toBe(true);
        }
        rotations += history.rotations;
      }),
      { numRuns: 300 },
    );
    // The property is about rotations: there must have been some.
    expect(rotations).toBeGreaterThan(300);
  });

  test('replicas that act come to serve the same certificate, and to rotate it', () => {
    const history = new History();
    for (let round = 0; round < 400; round += 1) {
      history.advance(20);
      for (const which of [0, 1]) {
        history.hear(which, 'secret');
        history.hear(which, 'configuration');
        history.act(which);
      }
      history.apiServerHears();
      expect(history.isBelieved()).toBe(true);
    }
    expect(history.rotations).toBeGreaterThanOrEqual(6);
    const [a, b] = history.replicas;
    expect(a?.served).toEqual(b?.served);
    const { state } = history.secret.get(history.secret.last);
    expect(state?.chain?.retired.length).toBeLessThanOrEqual(1);
  });
});
