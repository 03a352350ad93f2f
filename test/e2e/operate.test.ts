/** People operate what was released, and declared programs write what is theirs: recorded before, observed after, never a finding, never undone. */
import { beforeAll, expect } from '@jest/globals';
import { scaleDigest } from '../../operator/decide/manifest/content-digest.ts';
import { actsIn } from '../../operator/decide/record/batch.ts';
import { verifyChain } from '../../operator/decide/record/chain.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { accepted, refused, waitFor, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { image, type Entry, type World } from '../support/cluster/system.ts';
import { explained, foundUnderGuard, podMaker } from '../support/scenario/findings.ts';
import { inProduction, patienceMs, release, scenarios } from '../support/scenario/kit.ts';
import { componentsOf, dataOf, entriesOf, manifestOf, podTemplate } from '../support/scenario/production.ts';

const { scenario, system, succeeds, fails } = scenarios('operated');

const wildcard = 'wildcard-holder';
const robot = 'system:serviceaccount:tools:robot';
const secretsController = 'system:serviceaccount:external-secrets:controller';
const strayController = 'system:serviceaccount:external-secrets:other';

beforeAll(async () => {
  const { controlPlane } = system();
  for (const name of [podMaker, wildcard, robot, secretsController, strayController])
    await controlPlane.identity({ name });
});

const bounds = {
  operate: {
    scale: [
      { kind: 'Deployment', name: 'api', min: 1, max: 4 },
      { kind: 'StatefulSet', name: 'state', min: 1, max: 3 },
    ],
  },
};

const content = (world: World, letter: string): readonly Manifest[] => [
  world.deployment('api', letter),
  manifestOf(world, 'StatefulSet', 'state', {
    spec: {
      serviceName: 'state',
      replicas: 1,
      selector: { matchLabels: { app: 'state' } },
      template: podTemplate('state', letter),
    },
  }),
  manifestOf(world, 'CronJob', 'nightly', {
    spec: {
      schedule: '0 3 1 1 *',
      jobTemplate: { spec: { template: podTemplate('nightly', letter, { restartPolicy: 'Never' }) } },
    },
  }),
];

/** Releases content of one letter as a candidate and says how it ended. */
const letter = async (world: World, candidate: string, text: string): Promise<string | undefined> => {
  const objects = content(world, text);
  await world.stage(...objects);
  return release(world, world.candidate(candidate, componentsOf(objects)));
};

/** Admitted acts so far, as `who did what to what`. */
const admitted = async (world: World): Promise<readonly string[]> =>
  (await entriesOf(world, 'Admitted'))
    .filter(({ decision }) => decision !== 'Sign')
    .map(({ actor, decision, subject, reason }) =>
      `${actor.username} ${decision} ${subject.kind}/${subject.name}${reason === '' ? '' : `: ${reason}`}`.trim(),
    );

/** Every act that was admitted was seen afterwards, with the content that was admitted. */
const allObserved = async (world: World): Promise<void> => {
  for (const { id, digest, decision, subject } of await entriesOf(world, 'Admitted')) {
    if (!['Operate', 'PlatformWriter', 'KeepSecrets'].includes(decision)) continue;
    const observed = ({ spec }: Entry) =>
      actsIn(spec).find((act) => act.type === 'Observed' && dataOf(act)['admitted'] === id);
    const entry = await waitFor<Entry>(
      world.as('auditor-a'),
      world.ref('LedgerEntry'),
      (each) => observed(each) !== undefined,
      patienceMs,
    );
    const told = observed(entry);
    expect([subject.name, told?.decision, told?.digest]).toEqual([subject.name, 'Observed', digest]);
  }
};

interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } };
  };
}

const restartedAt = ({ spec }: Workload): string | undefined =>
  spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'];

scenario(
  'an SRE restarts, scales within bounds and runs a CronJob, and the next release undoes and repeats none of it',
  async (world) => {
    expect(await letter(world, 'first', 'a')).toBe('Promoted');
    await succeeds(world, 'sre-a', 'rollout', 'restart', 'deployment/api');
    await succeeds(world, 'sre-a', 'rollout', 'restart', 'statefulset/state');
    await succeeds(world, 'sre-a', 'scale', 'deployment/api', '--replicas=3');
    await succeeds(world, 'sre-a', 'scale', 'statefulset/state', '--replicas=2');
    await succeeds(world, 'sre-a', 'create', 'job', 'by-hand', '--from=cronjob/nightly');

    expect(await fails(world, 'sre-a', 'scale', 'deployment/api', '--replicas=5')).toMatch(
      /ProductionGuardScaleBounds: sre-a .* not to 5\. Next: read the bounds: kubectl get relpol/,
    );
    expect(await fails(world, 'sre-a', 'scale', 'statefulset/state', '--replicas=0')).toMatch(
      /ProductionGuardScaleBounds: sre-a /,
    );
    const job = JSON.parse(
      await succeeds(world, 'sre-a', 'create', 'job', 'other', '--from=cronjob/nightly', '--dry-run=client', '-ojson'),
    ) as Manifest & { spec: { template: { spec: { containers: readonly object[] } } } };
    const [main] = job.spec.template.spec.containers;
    for (const container of [
      { ...main, image: image('e') },
      { ...main, command: ['sh'] },
    ]) {
      const spec = { ...job.spec, template: { spec: { ...job.spec.template.spec, containers: [container] } } };
      expect(refused(await world.as('sre-a').create({ ...job, spec })).message).toMatch(
        /JobOfApprovedCronJob: sre-a may not create .*other.*Next: run the CronJob as it was released: kubectl create job/,
      );
    }

    expect(await admitted(world)).toEqual(
      expect.arrayContaining([
        'sre-a Operate Deployment/api: restart',
        'sre-a Operate StatefulSet/state: restart',
        'sre-a Operate Deployment/api: replicas 1 to 3',
        'sre-a Operate StatefulSet/state: replicas 1 to 2',
        'sre-a Operate Job/by-hand: run CronJob nightly',
      ]),
    );
    // An act that the API server tried again is admitted again.
    expect(new Set((await admitted(world)).filter((each) => each.includes(' Operate '))).size).toBe(5);
    const scaled = (await entriesOf(world, 'Admitted')).find(({ reason }) => reason === 'replicas 1 to 3');
    expect(scaled?.digest).toBe(scaleDigest(3));
    await allObserved(world);

    const restarted = await Promise.all([
      inProduction<Workload>(world, 'Deployment', 'api', (seen) => restartedAt(seen) !== undefined),
      inProduction<Workload>(world, 'StatefulSet', 'state', (seen) => restartedAt(seen) !== undefined),
    ]);
    expect(await letter(world, 'second', 'b')).toBe('Promoted');
    const after = await Promise.all([
      inProduction<Workload>(world, 'Deployment', 'api', () => true),
      inProduction<Workload>(world, 'StatefulSet', 'state', () => true),
    ]);
    expect(after.map(restartedAt)).toEqual(restarted.map(restartedAt));
    expect(after.map(({ spec }) => spec.replicas)).toEqual([3, 2]);
    expect(JSON.stringify(after)).toContain(image('b'));
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  bounds,
);

scenario(
  'of several acts in one moment each is observed, and what the last one left is the measure',
  async (world) => {
    expect(await letter(world, 'first', 'a')).toBe('Promoted');
    await explained(world);
    const scale = { ...world.ref('Deployment', 'api'), subresource: 'scale' };
    for (const replicas of [2, 4, 3]) accepted(await world.as('sre-a').patch(scale, 'merge', { spec: { replicas } }));
    const acts = (await admitted(world)).filter((each) => each.includes(' Operate '));
    // The API server tries again, also from a copy that is a moment old.
    expect(new Set(acts.map((each) => each.slice(each.lastIndexOf(' to '))))).toEqual(
      new Set([' to 2', ' to 4', ' to 3']),
    );
    await allObserved(world);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  bounds,
);

scenario(
  'a rollback keeps the scale and the restart that an SRE made, and a Job by hand stays',
  async (world) => {
    expect(await letter(world, 'first', 'a')).toBe('Promoted');
    expect(await letter(world, 'second', 'b')).toBe('Promoted');
    await succeeds(world, 'sre-a', 'scale', 'deployment/api', '--replicas=2');
    await succeeds(world, 'sre-a', 'rollout', 'restart', 'deployment/api');
    await succeeds(world, 'sre-a', 'create', 'job', 'by-hand', '--from=cronjob/nightly');
    accepted(
      await world.as('sre-a').create({
        apiVersion: world.ref('Rollback').apiVersion,
        kind: 'Rollback',
        metadata: { name: 'back', namespace: world.production },
        spec: { package: 'payments', reason: 'it is slow' },
      }),
    );
    const back = await inProduction<Workload>(world, 'Deployment', 'api', (seen) =>
      JSON.stringify(seen.spec).includes(image('a')),
    );
    expect([back.spec.replicas, restartedAt(back) !== undefined]).toEqual([2, true]);
    await waitFor<Entry>(
      world.as('auditor-a'),
      world.ref('LedgerEntry'),
      ({ spec }) => spec.type === 'RolledBack',
      patienceMs,
    );
    expect(await world.live('Job', 'by-hand')).toBeDefined();
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  bounds,
);

scenario(
  'who does not hold the right by name operates nothing, a dry-run is not recorded, and every refusal says what to do',
  async (world) => {
    expect(await letter(world, 'first', 'a')).toBe('Promoted');
    await explained(world);
    const setup = world.as('installer');
    const bind = async (user: string, clusterRole: string): Promise<void> => {
      await bindRole(setup, {
        name: `${clusterRole}-${user.replaceAll(':', '-')}`,
        namespace: world.production,
        role: clusterRole,
        subject: { kind: 'User', name: user },
      });
    };
    await bind('developer-b', 'edit');
    await bind(wildcard, 'cluster-admin');
    await bind(robot, 'countersign-sre');
    await succeeds(world, 'sre-a', 'scale', 'deployment/api', '--replicas=2', '--dry-run=server');
    const before = await admitted(world);
    for (const [who, rule] of [
      ['developer-b', 'ProductionGuardOperateRightMissing'],
      [wildcard, 'ProductionGuardOperateOnlyByWildcard'],
      ['admin', 'ProductionGuardOperateOnlyByWildcard'],
      [robot, 'ProductionGuardOperateNeedsPerson'],
    ] as const) {
      const refusal = new RegExp(`${rule}: ${who} .*Next: `, 's');
      const job = `of-${who.split(':').at(-1)}`;
      expect(await fails(world, who, 'rollout', 'restart', 'deployment/api')).toMatch(refusal);
      expect(await fails(world, who, 'scale', 'deployment/api', '--replicas=2')).toMatch(refusal);
      expect(await fails(world, who, 'create', 'job', job, '--from=cronjob/nightly')).toMatch(refusal);
    }
    for (const args of [
      ['rollout', 'undo', 'deployment/api'],
      ['rollout', 'pause', 'deployment/api'],
      ['set', 'image', 'deployment/api', `main=${image('e')}`],
      ['scale', 'cronjob/nightly', '--replicas=1'],
    ])
      expect(await fails(world, 'sre-a', ...args)).not.toBe('');
    expect(await admitted(world)).toEqual(before);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  bounds,
);

scenario(
  'a declared program writes exactly its Secret, administrators what is theirs, and both are in the record',
  async (world) => {
    expect(await letter(world, 'first', 'a')).toBe('Promoted');
    await explained(world);
    const setup = world.as('installer');
    for (const user of [secretsController, strayController]) {
      await bindRole(setup, {
        name: user.replaceAll(':', '-'),
        namespace: world.production,
        role: 'edit',
        subject: { kind: 'User', name: user },
      });
    }
    const secret = (name: string, password: string): Manifest => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: world.production },
      stringData: { password },
    });
    const writer = world.as(secretsController);
    accepted(await writer.create(secret('db', 'swordfish')));
    // What is written over before anybody looked is not seen: of two writes in one moment only the last is.
    await allObserved(world);
    accepted(await writer.patch(world.ref('Secret', 'db'), 'merge', { stringData: { password: 'sesame' } }));
    for (const refusal of [
      refused(await writer.create(secret('db-2', 'x'))),
      refused(await writer.create({ ...secret('db', 'x'), kind: 'ConfigMap', stringData: undefined })),
      refused(await world.as(strayController).patch(world.ref('Secret', 'db'), 'merge', { stringData: { a: 'b' } })),
    ])
      expect(refusal.message).toMatch(
        /ProductionGuardConfiguration: system:serviceaccount:external-secrets:\w+ .*Next: /,
      );

    accepted(
      await world.as('admin').create({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'most', namespace: world.production },
        spec: { hard: { pods: '50' } },
      }),
    );
    accepted(
      await world.as('admin').create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'more-viewers', namespace: world.production },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'owner-a' }],
      }),
    );
    expect(refused(await world.as('sre-a').delete(world.ref('ResourceQuota', 'most'))).code).toBe(403);
    expect(await admitted(world)).toEqual(
      expect.arrayContaining([
        `${secretsController} PlatformWriter Secret/db: declared in policy production`,
        'admin Administer ResourceQuota/most: create resourcequotas most',
        'admin Administer RoleBinding/more-viewers: create rolebindings more-viewers',
      ]),
    );
    await allObserved(world);
    const ledger = JSON.stringify(await world.ledger());
    expect(ledger).not.toMatch(/swordfish|sesame|c3dvcmRmaXNo|c2VzYW1l/);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  { platformWriters: [{ identity: secretsController, kind: 'Secret', names: ['db'] }] },
);

const many = Array.from({ length: 24 }, (_, i) => `feed-${i}`);

scenario(
  'a program that writes many objects at once is recorded act by act, in fewer entries than acts',
  async (world) => {
    await bindRole(world.as('installer'), {
      name: 'feeder',
      namespace: world.production,
      role: 'edit',
      subject: { kind: 'User', name: secretsController },
    });
    const writer = world.as(secretsController);
    const secret = (name: string): Manifest => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: world.production },
      stringData: { password: `swordfish of ${name}` },
    });
    for (const answer of await Promise.all(many.map((name) => writer.create(secret(name))))) accepted(answer);

    const entries = await world.ledger();
    expect(verifyChain(entries).broken).toBeUndefined();
    expect((await admitted(world)).filter((act) => act.includes('Secret/')).toSorted()).toEqual(
      many
        .map((name) => `${secretsController} PlatformWriter Secret/${name}: declared in policy production`)
        .toSorted(),
    );
    expect(entries.filter(({ type }) => type.startsWith('Admitted')).length).toBeLessThan(many.length);
    await allObserved(world);
    const listing = await succeeds(world, 'auditor-a', 'get', 'ledger');
    expect(listing).toMatch(/AdmittedTogether .* \d+ acts: .*external-secrets:controller PlatformWriter Secret\/feed-/);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  { platformWriters: [{ identity: secretsController, kind: 'Secret', names: many }] },
);

scenario(
  'somebody who keeps Secrets creates and changes them, recorded before under keyed digests, and nobody else does',
  async (world) => {
    await explained(world);
    const { controlPlane } = system();
    await controlPlane.identity({ name: 'keeper-a' });
    await bindRole(world.as('installer'), {
      name: 'keeper',
      namespace: world.production,
      role: 'countersign-secrets-keeper',
      subject: { kind: 'User', name: 'keeper-a' },
    });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: world.production } };
    const refusal = refused(await world.as('admin').create({ ...secret, stringData: { password: 'swordfish-0' } }));
    expect(refusal.message).toContain('--clusterrole=countersign-secrets-keeper');

    const { stderr } = await controlPlane.kubectl('keeper-a', [
      'create',
      '-n',
      world.production,
      'secret',
      'generic',
      'db',
      '--from-literal=password=swordfish-1',
    ]);
    expect(stderr).toContain('kubectl rollout restart');
    // Without a right to read it.
    const stdin = JSON.stringify({ ...secret, stringData: { password: 'swordfish-2' } });
    const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
    expect(await controlPlane.kubectl('keeper-a', apply, { stdin })).toMatchObject({ code: 0 });
    expect(refused(await world.as('keeper-a').delete(world.ref('Secret', 'db'))).code).toBe(403);
    // The API server keeps the type as it is; nobody deletes one to create it with another.
    const retyped = await world.as('keeper-a').patch(world.ref('Secret', 'db'), 'merge', { type: 'kubernetes.io/tls' });
    expect(refused(retyped).code).toBe(422);
    await allObserved(world);
    expect((await admitted(world)).filter((act) => act.includes('Secret/'))).toEqual([
      'keeper-a KeepSecrets Secret/db: create Secret db',
      'keeper-a KeepSecrets Secret/db: change Secret db',
    ]);
    const record = JSON.stringify(await world.ledger());
    const secrets = [0, 1, 2].map((each) => `swordfish-${each}`);
    const readable = [...secrets, ...secrets.map((each) => Buffer.from(each).toString('base64'))];
    expect(readable.filter((each) => record.includes(each))).toEqual([]);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
);
