/** What everybody can rely on over the whole life of a candidate: conditions, events, columns, metrics, logs. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { admin, people } from '../../hack/controlplane/identities.ts';
import { accepted, waitForAll, type KubeObject } from '../support/cluster/cluster.ts';
import { ours, type Reported } from '../support/cluster/system.ts';
import { conditionMeanings } from '../../operator/api/conditions.ts';
import { finishedReasons } from '../../operator/api/phases.ts';
import { reasons } from '../../operator/api/reasons.ts';
import {
  conditionSays,
  end,
  everybody,
  patienceMs,
  release,
  scenarios,
  sign,
  staged,
} from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('life', { operator: { logLevel: 'debug' } });

const crashing = [
  {
    kind: 'Deployment',
    name: 'api',
    patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'crash-loop' } } } } },
  },
];

/** A condition as the API server stores it. */
const fullCondition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
  observedGeneration: z.number().optional(),
});

const conditionsOf = ({ status }: Reported): readonly z.infer<typeof fullCondition>[] =>
  z.array(fullCondition).parse(status?.conditions ?? []);

/** What is wrong with the conditions of an object; empty = nothing. */
const wrongs = (object: Reported): string[] => {
  const { kind } = object;
  const conditions = conditionsOf(object);
  const types = conditions.map(({ type }) => type);
  const isTrue = (type: string) => conditions.some((each) => each.type === type && each.status === 'True');
  const required = kind === 'ReleasePolicy' ? ['Ready'] : ['Finished', 'Staged', 'Promotable', 'Promoted'];
  const known = Object.keys(conditionMeanings[kind === 'ReleasePolicy' ? kind : 'ReleaseCandidate']);
  return [
    ...[...required, 'Reconciling', 'Stalled'].filter((type) => !types.includes(type)).map((type) => `lacks ${type}`),
    ...types.filter((type) => !known.includes(type)).map((type) => `unknown type ${type}`),
    ...(new Set(types).size === types.length ? [] : ['a type twice']),
    ...(isTrue('Reconciling') && isTrue('Stalled') ? ['Reconciling and Stalled'] : []),
    ...(isTrue('Finished') && (isTrue('Reconciling') || isTrue('Stalled')) ? ['finished and not at rest'] : []),
    ...conditions.flatMap(({ type, status, reason, message, lastTransitionTime, observedGeneration }) => [
      ...(['True', 'False', 'Unknown'].includes(status) ? [] : [`${type}: status ${status}`]),
      ...(Object.hasOwn(reasons, reason) ? [] : [`${type}: reason ${reason}`]),
      ...(message === '' ? [`${type}: no message`] : []),
      ...(Number.isNaN(Date.parse(lastTransitionTime)) ? [`${type}: time ${lastTransitionTime}`] : []),
      ...(observedGeneration === object.metadata.generation ? [] : [`${type}: generation ${observedGeneration}`]),
      ...(type === 'Finished' && status === 'True' && !finishedReasons.some((each) => each === reason)
        ? [`finished as ${reason}`]
        : []),
    ]),
  ];
};

/** Every state that objects of a kind go through in a namespace, until `stop`. */
const recording = (kind: string, namespace: string) => {
  const ending = new AbortController();
  const seen: Reported[] = [];
  const watching = (async () => {
    const target = { apiVersion: ours, kind, namespace };
    for await (const { object } of system().as('installer').watch<Reported>(target, { signal: ending.signal })) {
      if (object.status?.conditions !== undefined) seen.push({ ...object, kind });
    }
  })().catch(() => {});
  return {
    seen,
    async stop() {
      ending.abort();
      await watching;
    },
  };
};

scenario(
  'conditions keep the conventions in every state that is seen, and events tell each turn once',
  async (world) => {
    const candidates = recording('ReleaseCandidate', world.staging);
    const policies = recording('ReleasePolicy', world.production);
    await world.propose(world.candidate('first', ['ConfigMap/settings', 'Deployment/api']));
    await conditionSays(world, 'first', 'Stalled', 'ComponentMissing');
    await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a'));
    await sign(world, 'first', ...everybody);
    expect(await end(world, 'first')).toBe('Promoted');
    await world.stage(world.deployment('api', 'b'));
    expect(
      await release(world, world.candidate('bad', ['ConfigMap/settings', 'Deployment/api'], { overlay: crashing })),
    ).toBe('RolledBack');
    await world.propose(world.candidate('poor', ['ConfigMap/settings'], { notes: {} }));
    await staged(world, 'poor');
    await candidates.stop();
    await policies.stop();

    // A busy operator writes less often; these it was waited for.
    const statesOf = (name: string) => candidates.seen.filter(({ metadata }) => metadata.name === name).length;
    expect(statesOf('first')).toBeGreaterThanOrEqual(3);
    expect(statesOf('bad')).toBeGreaterThanOrEqual(1);
    for (const object of [...candidates.seen, ...policies.seen]) {
      expect({ name: object.metadata.name, wrongs: wrongs(object) }).toEqual({
        name: object.metadata.name,
        wrongs: [],
      });
    }
    // A time changes only when the status does.
    for (const states of Map.groupBy(candidates.seen, ({ metadata }) => metadata.name).values()) {
      let before = new Map<string, { status: string; lastTransitionTime: string }>();
      for (const state of states) {
        for (const { type, status, lastTransitionTime } of conditionsOf(state)) {
          const was = before.get(type);
          if (was?.status === status) expect(lastTransitionTime).toBe(was.lastTransitionTime);
        }
        before = new Map(conditionsOf(state).map((each) => [each.type, each]));
      }
    }

    interface Told extends KubeObject {
      readonly reason: string;
      readonly note: string;
      readonly type: string;
      readonly regarding: { readonly kind: string; readonly name: string };
    }
    const tells = (events: readonly Told[]): string[] =>
      events
        .filter(({ regarding }) => regarding.kind === 'ReleaseCandidate')
        .map(({ regarding, type, note }) => `${regarding.name} ${type} ${note}`);
    const expected = [
      `first Warning Stalled: staging namespace ${world.staging} lacks ConfigMap/settings, Deployment/api`,
      'first Normal Promoted: production has the content, complete',
      'bad Warning Finished: ',
      'poor Warning Stalled: ',
    ];
    const told = tells(
      await waitForAll<Told>(
        world.as('installer'),
        { apiVersion: 'events.k8s.io/v1', kind: 'Event', namespace: world.staging },
        (events) => expected.every((line) => tells(events).some((each) => each.startsWith(line))),
        patienceMs,
      ),
    );
    expect(new Set(told).size).toBe(told.length);
    // That it is finished says the same as that it is promoted: it is told once.
    expect(told.filter((line) => line.startsWith('first Normal Promoted: '))).toHaveLength(1);
    expect(told.filter((line) => line.startsWith('bad Warning Finished: '))).toHaveLength(1);
  },
);

scenario('kubectl waits for the end, and shows the columns', async (world) => {
  const kubectl = (args: readonly string[]) =>
    system().controlPlane.kubectl('developer-a', [...args, '-n', world.staging]);
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(world.candidate('awaited', ['ConfigMap/settings']));
  const waiting = kubectl(['wait', '--for=condition=Finished', 'cand/awaited', '--timeout=60s']);
  const ready = await staged(world, 'awaited');
  const before = await kubectl(['get', 'cand', '-o', 'wide']);
  await sign(world, 'awaited', ...everybody);

  expect(await waiting).toMatchObject({ code: 0, stdout: expect.stringContaining('awaited condition met') });
  const [header = '', row = ''] = before.stdout.split('\n');
  expect(header.split(/\s+/).filter(Boolean)).toEqual([
    'NAME',
    'PACKAGE',
    'VERSION',
    'PHASE',
    'APPROVALS',
    'OBJECTS',
    'DIGEST',
    'REASON',
    'AGE',
  ]);
  expect(row).toMatch(
    new RegExp(`^awaited +payments +1.0.0 +AwaitingGates +0/3 +1 object +${ready.status?.digest} +[A-Za-z]+ +`),
  );
  const after = await kubectl(['get', 'cand', 'awaited', '--no-headers']);
  expect(after.stdout).toMatch(/^awaited +payments +1\.0\.0 +Promoted +3\/3 +1 object +Promoted +/);
});

const secret = 'correct-horse-battery';

scenario(
  'metrics, health and logs are served, without a name or a secret',
  async (world) => {
    accepted(
      await world.as('installer').create({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'db', namespace: world.production },
        stringData: { password: secret },
      }),
    );
    await world.stage(world.configMap('settings', { password: secret }));
    expect(await release(world, world.candidate('plain', ['ConfigMap/settings']))).toBe('Promoted');

    const { address, logFile } = system().operator;
    const [metrics, healthz, readyz] = await Promise.all(
      ['metrics', 'healthz', 'readyz'].map(async (path) => {
        const answer = await fetch(`${address}/${path}`);
        return { code: answer.status, text: await answer.text() };
      }),
    );
    expect(healthz).toMatchObject({ code: 200, text: expect.stringContaining('ok') });
    expect(readyz).toMatchObject({ code: 200, text: expect.stringContaining('ok') });
    expect(metrics?.code).toBe(200);
    expect(metrics?.text).toMatch(/^countersign_ledger_entries_total\{type="Promoted"\} [1-9]/m);
    expect(metrics?.text).toMatch(/^countersign_production_writes_total\{verb="Create",identity="operator"\} [1-9]/m);
    expect(metrics?.text).toMatch(/^leader_election_master_status\{name="countersign-operator"\} 1/m);
    for (const { name } of [admin, ...people])
      expect(metrics?.text).not.toMatch(new RegExp(`"[^"]*\\b${name}\\b[^"]*"`));
    const log = readFileSync(logFile, 'utf8');
    expect(
      log
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => typeof JSON.parse(line)),
    ).not.toContain('string');
    for (const text of [metrics?.text, log]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString('base64'));
    }
  },
  { platformWriters: [{ identity: 'installer', kind: 'Secret', names: ['db'] }] },
);

test('reasons of the catalogue cover every end', () => {
  for (const reason of finishedReasons) expect(reasons[reason].at).toContain('Finished');
});
