/** What fails again and again is said within a minute, with object and remedy, for as long as it fails and no longer. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { ApiRequest } from '../../operator/kube/transport.ts';
import {
  accepted,
  startTimeoutMs,
  waitFor,
  waitForAll,
  type KubeObject,
  type Manifest,
} from '../support/cluster/cluster.ts';
import {
  condition,
  isTrue,
  signers,
  startSystem,
  type Reported,
  type System,
  type World,
} from '../support/cluster/system.ts';
import { leaseNamespace, playOperators, Process } from './process.ts';

const name = 'again';
const patienceMs = 120_000;
/** What is promised. */
const toldWithinMs = 60_000;

let system: System;
let operator: Process;
let world: World;
/** Requests for which the API server has no answer. */
let unanswered: (request: ApiRequest) => boolean = () => false;

const noAnswer = (request: ApiRequest): Error | undefined =>
  unanswered(request) ? Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }) : undefined;

beforeAll(async () => {
  system = await startSystem();
  const credentials = await playOperators(system);
  operator = new Process({
    world: name,
    lease: await leaseNamespace(system, `${name}-lease`),
    credentials,
    bug: noAnswer,
  });
  await operator.start();
  world = await system.world(name, { health: { progressTimeout: '5m', observeFor: '10m', settle: '0s' } });
}, startTimeoutMs * 2);

afterAll(async () => {
  await operator?.end();
  await system?.stop();
});

// --- a rule of somebody else's ---------------------------------------------------------------------------------------

const admission = 'admissionregistration.k8s.io/v1';
const words = 'the rules of this platform refuse it';

/** Something harmless that each rule refuses as well, so that it shows whether it acts. */
const probe: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'platform-probe', namespace: 'default' },
};

interface Rule {
  readonly name: string;
  readonly resources: readonly [group: string, version: string, plural: string];
  /** CEL, of a request in production. */
  readonly refuses: string;
}

/** Puts a rule of a platform team's into the way, and says how to take it out again. Both act when this returns. */
const refuse = async ({
  name: rule,
  resources: [group, version, plural],
  refuses,
}: Rule): Promise<() => Promise<void>> => {
  const setup = world.as('installer');
  const metadata = { name: `platform-${rule}` };
  const operations = ['CREATE', 'UPDATE'];
  const policy: Manifest = {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          { apiGroups: [group], apiVersions: [version], operations, resources: [plural] },
          { apiGroups: [''], apiVersions: ['v1'], operations, resources: ['configmaps'] },
        ],
      },
      validations: [
        {
          expression: `request.namespace == '${world.production}' ? !(${refuses}) : request.name != '${probe.metadata.name ?? ''}'`,
          message: words,
        },
      ],
    },
  };
  const binding: Manifest = {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: metadata.name, validationActions: ['Deny'] },
  };
  accepted(await setup.create(policy));
  accepted(await setup.create(binding));
  await untilRefused(true);
  const lift = async (): Promise<void> => {
    if (!lifts.delete(lift)) return;
    for (const { kind } of [binding, policy])
      accepted(await setup.delete({ apiVersion: admission, kind, ...metadata }));
    await untilRefused(false);
  };
  lifts.add(lift);
  return lift;
};

/** Rules that are in the way. */
const lifts = new Set<() => Promise<void>>();

afterEach(async () => {
  unanswered = () => false;
  for (const lift of lifts) await lift();
});

const untilRefused = async (isSo: boolean): Promise<void> => {
  const deadline = Date.now() + patienceMs;
  for (let is = !isSo; is !== isSo;) {
    is = !(await world.as('installer').create(probe, { dryRun: 'All' })).ok;
    if (Date.now() > deadline) throw new Error(`the rule ${isSo ? 'does not act' : 'still acts'}`);
  }
};

// --- what people see -------------------------------------------------------------------------------------------------

type Stalls = readonly string[];

/** Every reason that `Stalled` has had of an object, from now until something is so. */
const stallsUntil = async (
  kind: 'ReleaseCandidate' | 'Rollback',
  named: string,
  isSo: (seen: Reported) => boolean,
  withinMs = patienceMs,
): Promise<{ readonly seen: Reported; readonly stalls: Stalls }> => {
  const stalls: string[] = [];
  const seen = await waitFor<Reported>(
    world.as(kind === 'Rollback' ? 'sre-a' : 'developer-a'),
    world.ref(kind, named),
    (each) => {
      const reason = condition(each, 'Stalled')?.reason ?? '';
      if (stalls.at(-1) !== reason) stalls.push(reason);
      return isSo(each);
    },
    withinMs,
  );
  return { seen, stalls };
};

const isStalled =
  (reason: string) =>
  (seen: Reported): boolean =>
    condition(seen, 'Stalled')?.reason === reason && isTrue(seen, 'Stalled');

const isOver = (seen: Reported): boolean => isTrue(seen, 'Finished');

const propose = async (pkg: string, level: string, objects: readonly Manifest[] = []): Promise<string> => {
  const all = [world.configMap(pkg, { level }), ...objects];
  await world.stage(...all);
  const candidate = `${pkg}-${level}`;
  const components = all.map(({ kind, metadata }) => `${kind}/${metadata.name ?? ''}`);
  await world.propose(world.candidate(candidate, components, { package: pkg }));
  const ready = await world.staged(candidate);
  for (const [who, role] of signers) await world.sign(ready, who, role);
  return candidate;
};

const promote = async (pkg: string, level: string, objects: readonly Manifest[] = []): Promise<string> => {
  const candidate = await propose(pkg, level, objects);
  await world.when(candidate, (seen) => isTrue(seen, 'Promoted'), patienceMs);
  return candidate;
};

const goBack = async (pkg: string): Promise<string> => {
  const order = `back-${pkg}`;
  accepted(
    await world.as('sre-a').create({
      ...world.ref('Rollback'),
      metadata: { name: order, namespace: world.production },
      spec: { package: pkg, reason: 'customers complain' },
    }),
  );
  return order;
};

interface Told extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly note?: string;
  readonly regarding?: { readonly kind?: string; readonly name?: string };
}

/** Events of production for a reason, from the moment at which there is one. */
const eventsOf = async (reason: string): Promise<readonly Told[]> => {
  const events = { apiVersion: 'events.k8s.io/v1', kind: 'Event', namespace: world.production };
  const isSo = (each: Told): boolean => each.reason === reason;
  return (await waitForAll<Told>(world.as('installer'), events, (all) => all.some(isSo), patienceMs)).filter(isSo);
};

/** By the metric that an alert watches. */
const stuckPackages = async (): Promise<number> => {
  const text = await operator.metrics();
  const [, count] =
    new RegExp(`^countersign_releases_stuck\\{namespace="${world.production}"\\} (\\d+)$`, 'm').exec(text) ?? [];
  return Number(count);
};

/** As many more tries as show that what is said stays. */
const moreTries = async (count: () => number, more = 3): Promise<void> => {
  const [from, deadline] = [count(), Date.now() + patienceMs];
  while (count() < from + more) {
    if (Date.now() > deadline) throw new Error('it is not tried again');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

test('a restoring write that a rule of somebody else refuses again and again is said, and no longer when the rule is gone', async () => {
  await promote('restored', 'info');
  const candidate = await promote('restored', 'debug');
  const lift = await refuse({
    name: 'settings',
    resources: ['', 'v1', 'configmaps'],
    refuses: `request.name == 'restored' && request.userInfo.username.endsWith('countersign-restorer')`,
  });
  const order = await goBack('restored');
  const told = await stallsUntil('Rollback', order, isStalled('WriteRefused'), toldWithinMs);
  await stallsUntil('ReleaseCandidate', candidate, isStalled('WriteRefused'), toldWithinMs);
  const message = condition(told.seen, 'Stalled')?.message ?? '';
  expect(message).toContain('ConfigMap/restored: the API server refuses the write, tried ');
  expect(message).toContain(words);
  expect(message).toContain('a platform admin removes what refuses it');

  const meanwhile = stallsUntil('Rollback', order, isOver);
  const ofCandidate = stallsUntil('ReleaseCandidate', candidate, isOver);
  expect(await stuckPackages()).toBe(1);
  const { code, stdout } = await system.controlPlane.kubectl('admin', [
    ...'get events --field-selector reason=ReleaseStuck -n'.split(' '),
    world.production,
  ]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('package restored')]);
  await stallsUntil('Rollback', order, (seen) => /tried [5-9] times/.test(condition(seen, 'Stalled')?.message ?? ''));
  await lift();
  const { seen, stalls } = await meanwhile;
  expect(condition(seen, 'Finished')?.reason).toBe('RolledBack');
  expect(stalls).toEqual(['WriteRefused', 'NotStalled']);
  const stuck = await eventsOf('ReleaseStuck');
  expect(stuck.map(({ type, regarding }) => [type, regarding?.kind, regarding?.name])).toEqual([
    ['Warning', 'ReleasePolicy', 'production'],
  ]);
  expect(stuck[0]?.note).toContain('package restored: the API server refuses a write and it is tried again: ');
  expect(stuck[0]?.note).toContain(words);
  expect((await eventsOf('ReleaseGoesOn')).map(({ note }) => note)).toEqual([
    'package restored: no write is refused any more. Nothing needs to be done',
  ]);
  expect((await ofCandidate).stalls).toEqual(['WriteRefused', 'NotStalled']);
  expect(await stuckPackages()).toBe(0);
}, 400_000);

test('an entry that a rule of somebody else refuses again and again is said by the candidate that waits for it', async () => {
  const lift = await refuse({
    name: 'entries',
    resources: ['countersign.dev', 'v1alpha1', 'ledgerentries'],
    refuses: `request.resource.resource == 'ledgerentries' && object.spec.type == 'Promoted'`,
  });
  const candidate = await propose('recorded', 'info');
  const { seen } = await stallsUntil('ReleaseCandidate', candidate, isStalled('TriesFail'), toldWithinMs);
  const message = condition(seen, 'Stalled')?.message ?? '';
  expect(message).toContain('ledgerentries.countersign.dev');
  expect(message).toContain(words);
  expect(message).toContain('a platform admin fixes what it names');

  const meanwhile = stallsUntil('ReleaseCandidate', candidate, (each) => isTrue(each, 'Promoted'));
  const tries = (): number => operator.writes.filter((write) => write.endsWith('/ledgerentries')).length;
  await moreTries(tries);
  await lift();
  const { stalls } = await meanwhile;
  expect(stalls.at(0)).toBe('TriesFail');
  expect(stalls.slice(0, -1)).not.toContain('NotStalled');
  await stallsUntil('ReleaseCandidate', candidate, isMoving);
}, 400_000);

const isMoving = (seen: Reported): boolean => condition(seen, 'Stalled')?.reason === 'NotStalled';

test('a question that the API server does not answer again and again is said by the order that waits for the answer', async () => {
  await promote('asked', 'info');
  await promote('asked', 'debug');
  let tries = 0;
  unanswered = ({ path }) => {
    const isReview = path.endsWith('/subjectaccessreviews');
    tries += isReview ? 1 : 0;
    return isReview;
  };
  const order = await goBack('asked');
  const { seen } = await stallsUntil('Rollback', order, isStalled('TriesFail'), toldWithinMs);
  expect(condition(seen, 'Stalled')?.message).toContain('connect ECONNREFUSED');
  expect(condition(seen, 'Finished')?.reason).toBe('InProgress');

  const meanwhile = stallsUntil('Rollback', order, isOver);
  await moreTries(() => tries, 6);
  unanswered = () => false;
  const { seen: end, stalls } = await meanwhile;
  expect(condition(end, 'Finished')?.reason).toBe('RolledBack');
  expect(stalls).toEqual(['TriesFail', 'NotStalled']);
}, 400_000);

test('a finalizer that keeps what a rollback takes away is said, with who can take it off, until it is gone', async () => {
  const finalizer = 'example.com/held';
  const extra = { ...world.configMap('extra', { a: 'b' }) };
  await promote('held', 'info');
  await promote('held', 'debug', [{ ...extra, metadata: { ...extra.metadata, finalizers: [finalizer] } }]);
  const order = await goBack('held');
  const { seen } = await stallsUntil('Rollback', order, isStalled('FinalizerHolds'), toldWithinMs);
  const message = condition(seen, 'Stalled')?.message ?? '';
  expect(message).toContain(`ConfigMap/extra is being deleted, and its finalizer ${finalizer} holds it`);
  const [, patch = ''] = /kubectl patch configmap extra -n \S+ --type=json -p '([^']*)'/.exec(message) ?? [];
  expect(patch).not.toBe('');

  const meanwhile = stallsUntil('Rollback', order, isOver);
  accepted(await world.as('sre-a').patch(world.ref('ConfigMap', 'extra'), 'json', JSON.parse(patch)));
  const { seen: end, stalls } = await meanwhile;
  expect(condition(end, 'Finished')?.reason).toBe('RolledBack');
  expect(stalls).toEqual(['FinalizerHolds', 'NotStalled']);
}, 400_000);
