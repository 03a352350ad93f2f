/** The demonstration, step by step. Each function is one chapter: it shows, and it checks what it shows. */
import { deepStrictEqual } from 'node:assert';

import type { ReleaseCandidateStatus } from '../../operator/api/candidate.ts';
import { actsIn } from '../../operator/decide/record/batch.ts';
import { production, staging, type Facts, type Workloads } from './facts.ts';
import type { Terminal } from './terminal.ts';

export interface Demo {
  readonly terminal: Terminal;
  readonly facts: Facts;
  readonly programs: Programs;
}

/** What runs beside the control plane. Both are harmless when it has ended already. */
export interface Programs {
  readonly stopGate: () => Promise<void>;
  readonly stopOperator: () => Promise<void>;
}

const first = 'payments-2.4.0';
const second = 'payments-2.5.0';
const third = 'payments-2.6.0';

/** The command by which a role is signed for: the candidate's status hands out the Approval, the API server stamps who signs. */
const signing = (candidate: string, role: string): string =>
  `kubectl get cand ${candidate} -n ${staging} -o jsonpath={.status.approvalManifests.${role}} | kubectl create -f -`;

export const waitFor = (condition: string, candidate: string, seconds = 60): string =>
  `kubectl wait --for=${condition} cand/${candidate} -n ${staging} --timeout=${seconds}s`;

const approvals = (count: string): string => `jsonpath='{.status.approvals}'=${count}`;

/** What a change of configuration beside a release would be. */
const configurationEdit = `kubectl patch configmap api-config -n ${production} --type=merge -p '{"data": {"LOG_LEVEL": "debug"}}'`;

export const openGates = (candidate: string): string =>
  `kubectl get cand ${candidate} -n ${staging} -o jsonpath='` +
  '{range .status.gates[?(@.outcome!="Passed")]}{.outcome} {.name}: {.message}{"\\n  → "}{.remedy}{"\\n"}{end}\'';

export const gate = ({ gates }: ReleaseCandidateStatus, name: string) => gates.find((each) => each.name === name);

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 1000 ? 3 : 1)} s`;

export const same = (a: unknown, b: unknown): boolean => {
  try {
    deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
};

// --- what production demands, and what is staged ------------------------------------------------------------------------

export const policy = async ({ terminal }: Demo): Promise<void> => {
  terminal.chapter('What production demands');
  terminal.say(
    'Two namespaces: payments-staging, where releases are staged, and payments-prod. A platform admin says what production demands: one tester, two approvers from different groups, release notes, three seconds of soak, and health that is watched until 15 s after completion. All of it is judged live.',
  );
  await terminal.run('admin', 'kubectl apply -f hack/demo/policy.yaml');
  terminal.say(
    'From here on the namespace is guarded. Admission policies in the API server say who may write in it: the operator, for a release, and the control plane, for its daily work. The gate, a webhook, says what the operator may write: what was signed for.',
  );
  await terminal.run('admin', `kubectl label namespace ${production} countersign.dev/guarded=enforce`);
  await terminal.run('admin', `kubectl wait --for=condition=Ready relpol/production -n ${production} --timeout=30s`);
  await terminal.run('admin', `kubectl get relpol -n ${production}`);
};

export const stage = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('A developer stages a package');
  terminal.say(
    'A package is released as a whole: configuration, an account and its rights, a migration Job, two Deployments, an autoscaler, a Service and a route. developer-a deploys it to staging, then asks for exactly that content in production: what carries the label of the package, with the host name that production has.',
  );
  await terminal.run('developer-a', 'kubectl apply -f hack/demo/2.4.0/app.yaml');
  await terminal.run('developer-a', `kubectl rollout status deployment/api -n ${staging} --timeout=60s`);
  await terminal.run('developer-a', `kubectl wait --for=condition=Complete job/migrate -n ${staging} --timeout=60s`);
  await terminal.run('developer-a', 'kubectl create -f hack/demo/2.4.0/candidate.yaml');
  await terminal.run('developer-a', waitFor('condition=Staged', first));
  await terminal.run('developer-a', `kubectl get cand -n ${staging} -o wide`);
  const { digest = '', bundle = '' } = await facts.status(first);
  terminal.check(`the content is frozen in a bundle under ${digest.slice(0, 19)}…`, digest !== '' && bundle !== '');
  terminal.say('Nobody typed who the author is. The API server stamped it, and nothing can change it any more:');
  const author = await terminal.run(
    'developer-a',
    `kubectl get cand ${first} -n ${staging} -o jsonpath={.spec.author}`,
  );
  terminal.check('the author is who created it', author.text.includes('"username":"developer-a"'), author.text);
};

export const whatIsMissing = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('What is missing, and who can supply it');
  terminal.say('Every gate is judged, always, and each that has not passed says what to do and who can do it.');
  await terminal.run('developer-a', waitFor(`jsonpath='{.status.gates[?(@.name=="Soak")].outcome}'=Passed`, first));
  await terminal.run('developer-a', openGates(first));
  const status = await facts.status(first);
  const blocked = status.gates.filter(({ outcome }) => outcome === 'Blocked').map(({ name }) => name);
  terminal.check('nothing has to be changed', same(blocked, []), blocked);
  terminal.check('three signatures are missing', status.approvals === '0/3', status.approvals);
  terminal.check(
    'the remedy is a command to type',
    gate(status, 'Approvals')?.remedy.includes('kubectl create') === true,
  );
};

// --- signatures -----------------------------------------------------------------------------------------------------

export const whoMayNotSign = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('Who cannot sign');
  terminal.say('The author asks for too much: without the role, the API server refuses the signature.');
  await terminal.refused('developer-a', signing(first, 'approver'), 'forbidden');

  terminal.say(
    'The cluster administrator may do everything, by wildcard. A wildcard signs nothing: a signature needs the named right. No process of Countersign is asked; an admission policy in the API server refuses it.',
  );
  await terminal.refused('admin', signing(first, 'approver'), 'wildcards sign nothing');

  terminal.say('So the administrator makes the author an approver. Now the signature is taken; but it does not count.');
  await terminal.run(
    'admin',
    `kubectl create rolebinding lead-developer --clusterrole=countersign-approver --user=developer-a -n ${production}`,
  );
  await facts.holds('developer-a', 'create', 'approvals');
  await terminal.run('developer-a', signing(first, 'approver'));
  await terminal.run(
    'developer-a',
    waitFor(`jsonpath='{.status.gates[?(@.name=="SegregationOfDuties")].outcome}'=Waiting`, first),
  );
  await terminal.run('developer-a', openGates(first));
  const status = await facts.status(first);
  terminal.check('the author counts as none of the three', status.approvals === '0/3', status.approvals);
  const reason = gate(status, 'SegregationOfDuties')?.reason;
  terminal.check('and the status says why', reason === 'AuthorCannotSign', reason);
  await terminal.run('admin', `kubectl delete rolebinding lead-developer -n ${production}`);
};

export const sign = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('Signatures');
  terminal.say('The tester has tried it in staging, and signs off.');
  await terminal.run('tester-a', signing(first, 'tester'));
  await terminal.run('tester-a', waitFor(approvals('1/3'), first));

  const { bundle = '' } = await facts.status(first);
  terminal.say(
    'An approver reads what would change in production. This text is part of the bundle, which never changes:',
  );
  const delta = await terminal.run(
    'approver-a',
    `kubectl get relbundle ${bundle} -n ${production} -o jsonpath={.spec.deltaText}`,
  );
  terminal.check('the delta names what would run', delta.text.includes('registry.example/payments/api@sha256:aaaa'));
  terminal.check(
    'the tag of the worker is pinned to what staging runs',
    delta.text.includes('registry.example/payments/worker:2.4@sha256:'),
  );

  terminal.say('Two approvers sign, one for the owners of the payments service, one for the change board.');
  await terminal.run('approver-a', signing(first, 'approver'));
  await terminal.run('approver-a', waitFor(approvals('2/3'), first));
  await terminal.run('approver-b', signing(first, 'approver'));
};

// --- forward --------------------------------------------------------------------------------------------------------

/** Ends with what production runs then. */
export const promotion = async ({ terminal, facts }: Demo): Promise<Workloads> => {
  terminal.chapter('Promotion');
  terminal.say('The last signature was the last gate: the promotion begins automatically, and an SRE watches it.');
  await terminal.run('sre-a', `kubectl wait --for=create deployment/api -n ${production} --timeout=30s`);
  await terminal.run('sre-a', `kubectl rollout status deployment/api -n ${production} --timeout=60s`);
  await terminal.run('developer-a', waitFor('condition=Promoted', first));
  await terminal.run('sre-a', `kubectl get deployments,services,configmaps,jobs -n ${production}`);
  const around = await terminal.run('admin', `kubectl get rolebindings,httproutes,hpa -n ${production} -o wide`);
  terminal.check('rights are bound to the account of production', around.text.includes(`${production}/payments`));
  terminal.check('the route has the host name of production', around.text.includes('["payments.example"]'));
  const now = await facts.workloads();
  terminal.check('production runs the images that were signed for', same(Object.keys(now.images), ['api', 'worker']));
  terminal.check('with their configuration', now.configs['api-config']?.['LOG_LEVEL'] === 'info', now.configs);
  terminal.say('Complete is not the end: until 15 s later, failing health would still take it back.');
  return now;
};

/** Versions that change the ConfigMap which the worker reads, and not the worker. */
const reconfigured = new Set(['2.5.0', '2.6.0']);

/** Staged, and read by who will sign. */
export const stageNext = async ({ terminal, facts }: Demo, version: string): Promise<void> => {
  const candidate = `payments-${version}`;
  await terminal.run('developer-a', `kubectl apply -f hack/demo/${version}/app.yaml`);
  if (reconfigured.has(version)) {
    // So that staging runs what is tested.
    await terminal.run('developer-a', `kubectl rollout restart deployment/worker -n ${staging}`);
    await terminal.run('developer-a', `kubectl rollout status deployment/worker -n ${staging} --timeout=60s`);
  }
  await terminal.run('developer-a', `kubectl rollout status deployment/api -n ${staging} --timeout=60s`);
  await terminal.run('developer-a', `kubectl create -f hack/demo/${version}/candidate.yaml`);
  await terminal.run('developer-a', waitFor('condition=Staged', candidate));
  const { bundle = '' } = await facts.status(candidate);
  await terminal.run('approver-b', `kubectl get relbundle ${bundle} -n ${production} -o jsonpath={.spec.deltaText}`);
};

/** Signed by everybody, so that its promotion begins. */
export const signAll = async ({ terminal }: Demo, version: string): Promise<void> => {
  const candidate = `payments-${version}`;
  await terminal.run('tester-a', signing(candidate, 'tester'));
  await terminal.run('approver-a', signing(candidate, 'approver'));
  await terminal.run('approver-b', signing(candidate, 'approver'));
};

const release = async (demo: Demo, version: string): Promise<void> => {
  await stageNext(demo, version);
  await signAll(demo, version);
};

// --- around it ------------------------------------------------------------------------------------------------------

/** What people type who do not wait for signatures, and the rule that each is told. */
const shortcuts: readonly (readonly [who: string, line: string, rule: string])[] = [
  ['admin', `kubectl set image deployment/api api=evil.example/api -n ${production}`, 'ProductionGuardWorkload: '],
  ['sre-a', `kubectl scale deployment/api --replicas=10 -n ${production}`, 'ProductionGuardScaleBounds: '],
  ['admin', `kubectl exec deployment/api -n ${production} -- sh`, 'ProductionGuardSession: '],
  ['admin', `kubectl run shell --image=evil.example/shell -n ${production}`, 'ProductionGuardPod: '],
  ['admin', configurationEdit, 'ProductionGuardConfiguration: '],
  ['admin', `kubectl label namespace ${production} countersign.dev/guarded-`, 'NamespaceGuardStays: '],
];

export const aroundIt = async ({ terminal, facts }: Demo, before: Workloads): Promise<void> => {
  terminal.chapter('Around it');
  terminal.say(
    'admin is a cluster admin, whom RBAC does not stop, and sre-a may scale within the bounds that the policy names, of which there are none. Admission policies in the API server refuse both, and each refusal says what to do instead.',
  );
  for (const [who, line, rule] of shortcuts) await terminal.refused(who, line, rule);
  await asItWas({ terminal, facts }, before);
};

export const allowedAct = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('What is allowed, and recorded');
  terminal.say('Meanwhile the first release has been watched for 15 s, and stayed healthy.');
  await terminal.run('developer-a', waitFor('condition=Finished', first));
  await terminal.run('developer-a', `kubectl get cand -n ${staging}`);
  terminal.check('it finished as Promoted', (await facts.end(first)) === 'Promoted', await facts.end(first));

  terminal.say(
    'Who holds the right to operate may restart what was signed for. The gate enters that into the record before it lets it through.',
  );
  await terminal.run('sre-a', `kubectl rollout restart deployment/api -n ${production}`);
  await terminal.run('sre-a', `kubectl rollout status deployment/api -n ${production} --timeout=60s`);
  await terminal.run('auditor-a', `kubectl get ledger -n ${production} | grep sre-a`);
  const admitted = (await facts.ledger())
    .flatMap(actsIn)
    .filter(({ type, actor, subject }) => type === 'Admitted' && actor.username === 'sre-a' && subject.name === 'api');
  terminal.check('the record has it once, by sre-a', admitted.length === 1, admitted);
};

/** A policy of the guard. */
const lock = 'countersign-guard-configuration';

const openFindings = `kubectl get relpol production -n ${production} -o jsonpath='{range .status.findings[*]}{.name} {.object}: {.message}{"\\n"}{end}'`;

export const lockTakenAway = async (demo: Demo): Promise<void> => {
  const { terminal, facts } = demo;
  terminal.chapter('A lock is taken away');
  terminal.say('No admission policy can keep a cluster administrator from editing admission policies. One goes:');
  await terminal.run('admin', `kubectl delete validatingadmissionpolicy ${lock}`);
  await facts.ungoverned(lock);
  terminal.say(
    'Production does not lie open. The gate is another lock; it judges what is written, and refuses the same:',
  );
  await terminal.refused('admin', configurationEdit, 'OnlyByRelease: ');

  terminal.say(
    'And it is noticed. 2.5.0 is staged and signed for by everybody, but nothing is promoted past a lock that changed:',
  );
  await release(demo, '2.5.0');
  await terminal.run(
    'developer-a',
    waitFor(`jsonpath='{.status.gates[?(@.name=="InstallationIntegrity")].outcome}'=Blocked`, second),
  );
  await terminal.run(
    'auditor-a',
    `kubectl wait --for=jsonpath='{.status.findings[0].object}'=Installation/countersign relpol/production -n ${production} --timeout=30s`,
  );
  const found = await terminal.run('auditor-a', openFindings);
  terminal.check('one finding names the policy', found.text.includes(lock) && !found.text.includes('\n'), found.text);
  await terminal.run('developer-a', openGates(second));
  const status = await facts.status(second);
  const blocked = status.gates.filter(({ outcome }) => outcome === 'Blocked').map(({ name }) => name);
  terminal.check(
    'with all signatures, it is held by that',
    same([status.approvals, blocked], ['3/3', ['InstallationIntegrity']]),
    {
      approvals: status.approvals,
      blocked,
    },
  );

  terminal.say(
    'The administrator puts it back. That is not the end of it either: somebody else looks at what was let through meanwhile, and signs for the finding.',
  );
  await terminal.run(
    'admin',
    'helm upgrade countersign charts/countersign -n countersign-system --reuse-values --force-conflicts | grep -E "^(STATUS|REVISION)"',
  );
  await terminal.run(
    'approver-b',
    `kubectl get relpol production -n ${production} -o jsonpath='{.status.findings[0].approvalManifests.approver}' | kubectl create -f -`,
  );
  await terminal.run(
    'approver-b',
    `kubectl wait --for=condition=Explained relpol/production -n ${production} --timeout=30s`,
  );
  await terminal.run('auditor-a', `kubectl get ledger -n ${production} | grep Finding`);
  const closed = (await facts.ledger()).filter(({ type }) => type === 'FindingClosed');
  terminal.check('the record has the finding, and who signed for it', closed.length === 1, closed);
};

// --- and back -------------------------------------------------------------------------------------------------------

export const neverReady = async (demo: Demo, before: Workloads): Promise<void> => {
  const { terminal, facts } = demo;
  terminal.chapter('A release whose pods never become ready is rolled back automatically');
  terminal.say(
    'Now the promotion of payments 2.5.0 begins. It is good in staging; in production its pods will start and never become ready. Nobody could see that in the delta, and everybody signed.',
  );
  await terminal.run(
    'sre-a',
    `kubectl wait --for=jsonpath='{.status.updatedReplicas}'=1 deployment/api -n ${production} --timeout=30s`,
  );
  terminal.say('The new pods run and are not ready. The old ones still serve.');
  await terminal.run('sre-a', `kubectl get pods -n ${production} -l app=api`);
  terminal.say('Nobody does anything. When progressTimeout is over, the whole package goes back.');
  await terminal.run('developer-a', waitFor('condition=Finished', second));
  await terminal.run('developer-a', `kubectl get cand -n ${staging}`);
  await terminal.run(
    'developer-a',
    `kubectl get cand ${second} -n ${staging} -o jsonpath='{.status.conditions[?(@.type=="Finished")].message}'`,
  );
  terminal.check('it finished as RolledBack', (await facts.end(second)) === 'RolledBack', await facts.end(second));
  await asItWas(demo, before);
  const started = await facts.at(second, 'PromotionStarted');
  const detected = await facts.at(second, 'RollbackStarted');
  const restored = await facts.at(second, 'RolledBack');
  terminal.check(
    `judged as failed ${seconds(detected - started)} after its promotion began; every object was back ${seconds(restored - detected)} later`,
    restored >= detected && detected >= started,
  );
};

export const failsLater = async (demo: Demo, before: Workloads): Promise<void> => {
  const { terminal, facts, programs } = demo;
  terminal.chapter('A release that fails after it was complete goes back, too, even while there is no gate');
  terminal.say(
    'payments 2.6.0 says in its notes why 2.5.0 failed; without that analysis, nothing of the package goes forward after a rollback. It changes the configuration, adds a ConfigMap and drops the worker.',
  );
  await release(demo, '2.6.0');
  await terminal.run('developer-a', waitFor('condition=Promoted', third));
  await terminal.run('sre-a', `kubectl get deployments,configmaps -n ${production}`);
  const complete = await facts.workloads();
  terminal.check(
    'it is complete: the worker is gone, the new ConfigMap is there',
    same(Object.keys(complete.images), ['api']) && complete.configs['api-flags'] !== undefined,
    complete,
  );

  terminal.say(
    'Both replicas of the gate are stopped. A moment later the program begins to crash. (The simulated kubelet is told so by an annotation on the pods.) A rollback waits for no gate.',
  );
  await programs.stopGate();
  const crashed = Date.now();
  await terminal.run(
    'system:node:kwok',
    `kubectl annotate pods -l app=api -n ${production} countersign.test/behaviour=crash-loop`,
  );
  await terminal.run('developer-a', waitFor('condition=Finished', third));
  await terminal.run(
    'developer-a',
    `kubectl get cand ${third} -n ${staging} -o jsonpath='{.status.conditions[?(@.type=="Finished")].message}'`,
  );
  await terminal.run('sre-a', `kubectl get deployments,configmaps -n ${production}`);
  terminal.check('it finished as RolledBack', (await facts.end(third)) === 'RolledBack', await facts.end(third));
  await asItWas(demo, before);
  const detected = await facts.at(third, 'RollbackStarted');
  const restored = await facts.at(third, 'RolledBack');
  terminal.check(
    `judged as failed ${seconds(detected - crashed)} after the crash was ordered; every object was back ${seconds(restored - detected)} later`,
    restored >= detected && detected >= crashed,
  );
  await terminal.run('sre-a', `kubectl rollout status deployment/api -n ${production} --timeout=60s`);
};

const asItWas = async ({ terminal, facts }: Omit<Demo, 'programs'>, before: Workloads): Promise<void> => {
  const now = await facts.workloads();
  terminal.check('images, configuration and services are what they were before', same(now, before), { now, before });
};

export const nothingRuns = async ({ terminal, facts, programs }: Demo, before: Workloads): Promise<void> => {
  terminal.chapter('With nothing of Countersign running');
  terminal.say('Both replicas of the operator are stopped, too. The API server still says the same to everybody:');
  await programs.stopOperator();
  for (const [who, line, rule] of shortcuts) await terminal.refused(who, line, rule);
  terminal.say(
    'What the admission policies alone would let through, an act that has to be recorded, waits for a gate:',
  );
  await terminal.refused('sre-a', `kubectl rollout restart deployment/api -n ${production}`, 'failed calling webhook');
  await asItWas({ terminal, facts }, before);
};

// --- the record -----------------------------------------------------------------------------------------------------

export const record = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('The record');
  terminal.say(
    'Every act is an entry of a hash chain in the production namespace. An auditor exports it and verifies it without the cluster.',
  );
  const verified = await terminal.run('auditor-a', `kubectl get ledger -n ${production} -o json | node hack/ledger.ts`);
  const entries = await facts.ledger();
  terminal.check('the chain is whole', verified.text.includes(`${entries.length} entries, one whole chain`));
  const told = (candidate: string): string =>
    entries
      // Tested is entered only when somebody looks between the tester's signature and the last one, and JobDone when a Job ends.
      .filter(({ subject, type }) => subject.name === candidate && !['Tested', 'JobDone'].includes(type))
      .map(({ type }) => type)
      .join(' ');
  const stories = { [first]: told(first), [second]: told(second), [third]: told(third) };
  terminal.check(
    'it tells who staged, who signed, what was promoted and what went back',
    same(stories, {
      [first]: 'Staged Signed Signed Signed Signed PromotionStarted Promoted', // once by the author, for nothing
      [second]: 'Staged Signed Signed Signed PromotionStarted RollbackStarted RolledBack',
      [third]: 'Staged Signed Signed Signed PromotionStarted Promoted RollbackStarted RolledBack',
    }),
    stories,
  );

  terminal.say('A copy in which somebody else had signed does not verify:');
  await terminal.refused(
    'auditor-a',
    `kubectl get ledger -n ${production} -o json | sed s/approver-b/developer-b/ | node hack/ledger.ts > /dev/null`,
    'BROKEN',
  );
};
