/** The night and the day after: somebody is let into production, everything they do is recorded, it ends by itself, and a release makes it good. */
import type { EmergencyAccessStatus } from '../../operator/api/emergency.ts';
import { actsIn } from '../../operator/decide/record/batch.ts';
import { production, staging, type Workloads } from './facts.ts';
import { gate, openGates, same, signAll, stageNext, waitFor, type Demo } from './steps.ts';

const night = 'inc-4711';
/** A second one, of one minute: it begins early, so that nobody waits for its end. */
const look = 'inc-4711-look';
const ordinary = 'payments-2.4.1';
const formal = 'payments-2.4.2';

const fixed = `registry.example/payments/api@sha256:${'f'.repeat(64)}`;
const setImage = `kubectl set image deployment/api api=${fixed} -n ${production}`;
const setCutoff = `kubectl patch configmap api-config -n ${production} --type=merge -p '{"data": {"SETTLEMENT_CUTOFF": "23:59"}}'`;
const restartWorker = `kubectl delete pods -l app=worker -n ${production}`;

const until = (condition: string, access: string, seconds = 60): string =>
  `kubectl wait --for=condition=${condition} ea/${access} -n ${production} --timeout=${seconds}s`;

const reviewing = (access: string): string =>
  `kubectl get ea ${access} -n ${production} -o jsonpath={.status.approvalManifests.approver} | kubectl create -f -`;

const distinct = (all: readonly string[]): readonly string[] => [...new Set(all)];

const conditionOf = ({ conditions }: EmergencyAccessStatus, type: string) =>
  conditions.find((each) => each.type === type);

// --- the night ------------------------------------------------------------------------------------------------------

export const letIn = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('At night: an SRE gives the person on call access');
  terminal.say(
    'Settlements are stuck, it is after hours, and nobody is there to sign. developer-b is on call, knows the fix, and holds nothing in production:',
  );
  await terminal.refused('developer-b', setImage, 'forbidden');
  terminal.say('Nobody grants themselves access, and nobody gets it for longer than the policy allows.');
  const grant = `hack/demo/${night}.yaml`;
  await terminal.refused('developer-b', `kubectl create -f ${grant}`, 'forbidden');
  await terminal.refused(
    'sre-a',
    `sed s/developer-b/sre-a/ ${grant} | kubectl create -f -`,
    'nobody grants themselves access',
  );
  await terminal.refused('sre-a', `sed 's/4h/24h/' ${grant} | kubectl create -f -`, 'DurationTooLong: ');
  terminal.say(
    'An SRE gives developer-b access for four hours, and developer-a, to look along, for a minute. Each access is a Role and two bindings, which are deleted automatically.',
  );
  await terminal.run('sre-a', `kubectl create -f ${grant}`);
  await terminal.run('sre-a', `kubectl create -f hack/demo/${look}.yaml`);
  await terminal.run('sre-a', until('Active', night));
  await terminal.run('sre-a', until('Active', look));
  await terminal.run('sre-a', `kubectl get ea -n ${production}`);
  await terminal.run('auditor-a', `kubectl get ea ${night} -n ${production} -o jsonpath={.status.guarantee}`);
  const { notAfter = '' } = await facts.access(night);
  terminal.check(`it is known when it ends: ${notAfter}`, Date.parse(notAfter) > Date.now());
};

export const fix = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('The fix, and what stays refused');
  terminal.say('developer-a replaces the pods of the worker; developer-b sets another image, and moves the cutoff.');
  await terminal.run('developer-a', restartWorker);
  await terminal.run('developer-b', setImage);
  await terminal.run('developer-b', setCutoff);
  await terminal.run('developer-b', `kubectl rollout status deployment/api -n ${production} --timeout=60s`);
  terminal.say(
    'The rest stays as it is: no pod of their own, no right for others, no token. And everybody else stays outside, the cluster administrator, too.',
  );
  await terminal.refused('developer-b', `kubectl run shell --image=evil.example/shell -n ${production}`, 'forbidden');
  await terminal.refused(
    'developer-b',
    `kubectl create rolebinding more --clusterrole=admin --user=developer-b -n ${production}`,
    'forbidden',
  );
  await terminal.refused('developer-b', `kubectl create token payments -n ${production}`, 'forbidden');
  await terminal.refused(
    'admin',
    `kubectl set image deployment/api api=evil.example/api -n ${production}`,
    'ProductionGuardWorkload: ',
  );
  terminal.say('Each act was entered into the record before the API server had its answer:');
  await terminal.run('auditor-a', `kubectl get ledger -n ${production} | grep ${night}`);
  terminal.say('The last one in full: under which access, what it changed, and from what to what.');
  await terminal.run(
    'auditor-a',
    `kubectl get ledger -n ${production} --field-selector spec.type=Admitted -o jsonpath='{.items[-1:].spec.data}'`,
  );
  // An act that met another write is tried again by the API server, and then stands there twice.
  const acts = distinct(
    (await facts.ledger())
      .flatMap(actsIn)
      .filter(({ type, decision }) => type === 'Admitted' && decision === 'Emergency')
      .map(({ actor, subject }) => `${actor.username} ${subject.kind}`),
  );
  terminal.check(
    'it has these acts, and no others',
    same(acts, ['developer-a Pod', 'developer-b Deployment', 'developer-b ConfigMap']),
    acts,
  );
};

export const end = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('The end');
  terminal.say(
    'It would end automatically after four hours. The fix is in, so developer-b ends it now; anyone who may grant could do so, too. Nobody can take that back.',
  );
  await terminal.run(
    'developer-b',
    `kubectl patch ea ${night} -n ${production} --type=merge -p '{"spec": {"revoked": true}}'`,
  );
  await terminal.run('developer-b', until('Ended', night));
  await terminal.refused('developer-b', setImage, 'forbidden');
  terminal.say(
    'Nothing of it is left in the cluster; the bindings that are still there belong to the access of developer-a, for the rest of a minute. What it left changed is known, and that somebody has to look at it:',
  );
  const left = await terminal.run(
    'admin',
    `kubectl get rolebindings -n ${production} -o wide | grep emergency || true`,
  );
  terminal.check('no binding to developer-b is left', !left.text.includes('developer-b'), left.text);
  await terminal.run('auditor-a', `kubectl get ea ${night} -n ${production}`);
  await terminal.run(
    'auditor-a',
    `kubectl get ea ${night} -n ${production} -o jsonpath='{range .status.drift[*]}{.change} {.object}: {.settled}{"\\n"}{end}{range .status.conditions[?(@.status=="True")]}{.type}: {.message}{"\\n"}{end}'`,
  );
  const { actions, state, drift } = await facts.access(night);
  terminal.check('its acts are counted, and two objects left changed', actions >= 2 && drift.length === 2, {
    actions,
    drift,
  });
  terminal.check('a release has to follow it up', state === 'FollowUpDue', state);
};

// --- the day after --------------------------------------------------------------------------------------------------

export const ordinaryRelease = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('The day after: an ordinary release would take the fix back');
  terminal.say(
    'payments 2.4.1 was prepared before the night. It holds the image and the configuration of the evening before: promoted, it would bring the fault back, and nobody would see it.',
  );
  await terminal.run('developer-a', 'kubectl apply -f hack/demo/2.4.1/app.yaml');
  await terminal.run('developer-a', `kubectl rollout status deployment/worker -n ${staging} --timeout=60s`);
  await terminal.run('developer-a', 'kubectl create -f hack/demo/2.4.1/candidate.yaml');
  await terminal.run(
    'developer-a',
    waitFor(`jsonpath='{.status.gates[?(@.name=="EmergencyDrift")].outcome}'=Blocked`, ordinary),
  );
  await terminal.run('developer-a', openGates(ordinary));
  const verdict = gate(await facts.status(ordinary), 'EmergencyDrift');
  const named = ['Deployment api', 'ConfigMap api-config'].filter(
    (object) => verdict?.message.includes(object) === true,
  );
  terminal.check('the gate names both objects', named.length === 2, verdict);
  terminal.check('and what to do', verdict?.remedy.includes(`spec.followsUp: ${night}`) === true, verdict);
};

/** Ends with what production runs then. */
export const followUp = async (demo: Demo): Promise<Workloads> => {
  const { terminal, facts } = demo;
  terminal.chapter('The formal release');
  terminal.say(
    'payments 2.4.2 follows the emergency up, and says so: it keeps the image, and names the ConfigMap as taken back. It is signed for like any other.',
  );
  await terminal.run('developer-a', 'grep -A2 followsUp hack/demo/2.4.2/candidate.yaml');
  await stageNext(demo, '2.4.2');
  const told = await terminal.run(
    'approver-b',
    `kubectl get cand ${formal} -n ${staging} -o jsonpath='{.status.gates[?(@.name=="EmergencyDrift")].message}'`,
  );
  terminal.check(
    'signers are told what becomes of both objects',
    told.text.includes('keeps Deployment api, and takes back ConfigMap api-config'),
  );
  await signAll(demo, '2.4.2');
  await terminal.run('developer-a', waitFor('condition=Promoted', formal));
  const now = await facts.workloads();
  terminal.check('production keeps the image of the night', now.images['api'] === fixed, now.images);
  const cutoff = now.configs['api-config']?.['SETTLEMENT_CUTOFF'];
  terminal.check('and the cutoff is 17:00 again', cutoff === '17:00', cutoff);
  return now;
};

export const review = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('The review');
  terminal.say(
    'Every access is reviewed by somebody who had no part in it, whatever was done. developer-b asks for too much; and as an approver, which the administrator makes them, is taken down and not counted.',
  );
  await terminal.refused('developer-b', reviewing(night), 'forbidden');
  await terminal.run(
    'admin',
    `kubectl create rolebinding lead-developer --clusterrole=countersign-approver --user=developer-b -n ${production}`,
  );
  await facts.holds('developer-b', 'create', 'approvals');
  await terminal.run('developer-b', reviewing(night));
  await terminal.run('admin', `kubectl delete rolebinding lead-developer -n ${production}`);
  terminal.say(
    'approver-a had no part in it, reads what was done, and signs for exactly that. It closes when the release that follows it up has been watched, too.',
  );
  await terminal.run('approver-a', reviewing(night));
  await terminal.run('auditor-a', until('Finished', night));
  await terminal.run('auditor-a', `kubectl get ea -n ${production}`);
  await terminal.run('auditor-a', `kubectl get ledger -n ${production} | grep -E "Emergency.* ${night} "`);
  const settled = await facts.access(night);
  const said = settled.drift.map(({ object, settled: how }) => `${object} ${how}`);
  terminal.check(
    'what was left changed is settled: one taken back, one kept',
    same(said, ['ConfigMap/api-config Reverted', 'Deployment/api Covered']),
    said,
  );
  const reviewed = conditionOf(settled, 'ReviewDue')?.message ?? '';
  terminal.check('the signature that counted is the one of approver-a', reviewed.includes('approver-a'), reviewed);
  await closedInTheRecord({ terminal, facts }, night);
};

export const endedByItself = async ({ terminal, facts }: Demo): Promise<void> => {
  terminal.chapter('Meanwhile an access ended that nobody ended');
  terminal.say('The minute of developer-a ends, and nobody does anything about it.');
  await terminal.run('auditor-a', until('Ended', look, 90));
  await terminal.refused('developer-a', restartWorker, 'forbidden');
  await terminal.run('auditor-a', `kubectl get ea ${look} -n ${production}`);
  const late = (await facts.at(look, 'EmergencyEnded')) - Date.parse((await facts.access(look)).notAfter ?? '');
  terminal.check(
    'the record has its end, at its time',
    late > -2_000 && late < 15_000,
    `${late} ms after its deadline`,
  );
  terminal.say(
    'A replaced pod leaves nothing changed, so that no release has to follow it up. Somebody looks at it all the same.',
  );
  await terminal.run('approver-a', reviewing(look));
  await terminal.run('auditor-a', until('Finished', look));
  await closedInTheRecord({ terminal, facts }, look);
};

const closedInTheRecord = async (
  { terminal, facts }: Pick<Demo, 'terminal' | 'facts'>,
  access: string,
): Promise<void> => {
  const story = (await facts.story(access)).filter((type) => type.startsWith('Emergency'));
  const whole = ['Granted', 'Opened', 'Ended', 'Accounted', 'Reviewed', 'Closed'].map((each) => `Emergency${each}`);
  terminal.check('the record tells it, from grant to close', same(story, whole), story);
};
