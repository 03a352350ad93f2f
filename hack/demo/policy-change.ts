/** Who changes the rules: one asks, another signs. */
import { production } from './facts.ts';
import type { Demo } from './steps.ts';

const name = 'longer-soak';
const patch = (spec: unknown): string =>
  `kubectl patch relpol production -n ${production} --type=merge -p '${JSON.stringify({ spec })}'`;

/** The whole policy with another soak, asked for with the reason. */
const asking = [
  `kubectl get relpol production -n ${production} -o json`,
  `node -e 'const { spec } = JSON.parse(fs.readFileSync(0)); console.log(JSON.stringify({ apiVersion: "countersign.dev/v1alpha1", kind: "PolicyChange", metadata: { name: "${name}", namespace: "${production}" }, spec: { policy: { ...spec, soak: "4s" }, reason: "three seconds of soak are few" } }))'`,
  'kubectl create -f -',
].join(' | ');

const stands = (state: string): string =>
  `kubectl wait --for=jsonpath='{.status.state}'=${state} polchg/${name} -n ${production} --timeout=30s`;

export const changedByTwo = async ({ terminal }: Demo): Promise<void> => {
  terminal.chapter('Who changes the rules');
  terminal.say(
    'So far one platform admin says what production demands. Now the policy says that a change of it takes an approver, too. From then on nobody edits it.',
  );
  await terminal.run('admin', patch({ changes: { approvals: [{ role: 'approver', count: 1 }] } }));
  await terminal.refused('admin', patch({ approvals: [{ role: 'approver', count: 1 }] }), 'ChangeNeedsSigners');

  terminal.say('The admin asks for a change instead: the whole policy as it is to be, and why. It says what differs.');
  await terminal.run('admin', asking);
  await terminal.run('admin', stands('PolicyChangeAwaitsSignatures'));
  const { text: difference } = await terminal.run(
    'approver-b',
    `kubectl get polchg ${name} -n ${production} -o jsonpath='{.status.difference}'`,
  );
  terminal.check('the difference is the one that was asked for', difference.includes('soak'), difference);

  terminal.say(
    'Somebody else signs for exactly this difference. The operator changes the policy, and the gate lets it.',
  );
  await terminal.run(
    'approver-b',
    `kubectl get polchg ${name} -n ${production} -o jsonpath={.status.approvalManifests.approver} | kubectl create -f -`,
  );
  await terminal.run('admin', stands('PolicyChanged'));
  await terminal.run('auditor-a', `kubectl get polchg -n ${production}`);
  const { text: soak } = await terminal.run(
    'auditor-a',
    `kubectl get relpol production -n ${production} -o jsonpath='{.spec.soak}'`,
  );
  terminal.check('the policy says what was signed for', soak === '4s', soak);
};
