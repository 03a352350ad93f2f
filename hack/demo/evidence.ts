/** What was found out about a release, and who says that it may go without. */
import { production, staging } from './facts.ts';
import { gate, openGates, same, stageNext, waitFor, type Demo } from './steps.ts';

const assessed = 'payments-2.4.4';

const demands = {
  evidence: [{ type: 'VulnerabilityAssessment', maxAge: '720h', most: { critical: 0 } }],
  exceptions: { gates: ['Evidence'], maxDuration: '1h', approvals: [{ role: 'security', count: 1 }] },
};

const amend = (spec: unknown): string =>
  `kubectl patch relpol production -n ${production} --type=merge -p '${JSON.stringify({ spec })}'`;

const evidenceSays = (field: string, value: string): string =>
  waitFor(`jsonpath='{.status.gates[?(@.name=="Evidence")].${field}}'=${value}`, assessed);

/** The command in the remedy of the gate that creates an object of this kind. */
const printed = async ({ facts }: Demo, kind: string): Promise<string> => {
  const remedy = gate(await facts.status(assessed), 'Evidence')?.remedy ?? '';
  const commands = remedy.match(/echo '[^;]*?' \| kubectl create -f -/g) ?? [];
  return commands.find((each) => each.includes(`"kind":"${kind}"`)) ?? `false # the gate gives no command for ${kind}`;
};

export const foundOut = async (demo: Demo): Promise<void> => {
  const { terminal, facts } = demo;
  terminal.chapter('What was found out, and who lets it go without');
  terminal.say(
    'Production now also demands a vulnerability assessment of each release, with nothing critical in it. 2.4.4 comes without one.',
  );
  await terminal.run('admin', amend(demands));
  await stageNext(demo, '2.4.4');
  await terminal.run('developer-a', evidenceSays('reason', 'EvidenceMissing'));
  await terminal.run('developer-a', openGates(assessed));

  terminal.say('Security has looked, and types the command of the gate. Evidence is bound to exactly this content.');
  const report = await printed(demo, 'Evidence');
  await terminal.run('security-a', report);
  await terminal.run('developer-a', evidenceSays('outcome', 'Passed'));

  terminal.say('An hour later the scanner knows more, and reports something critical. The gate closes again.');
  await terminal.run('security-a', report.replace('"critical":0', '"critical":1'));
  await terminal.run('developer-a', evidenceSays('outcome', 'Blocked'));
  const closed = gate(await facts.status(assessed), 'Evidence')?.message ?? '';
  terminal.check('it says what was counted', closed.includes('counts 1 critical, of which at most 0 may be'), closed);

  terminal.say('The owner asks for an exception, until tonight, with the reason and the risk. It passes nothing yet.');
  const asking = (await printed(demo, 'PolicyException'))
    .replace('<why it cannot wait>', 'settlements are late, and customers wait for their money')
    .replace('<what may happen, and what is done about it>', 'nobody from outside reaches the worker');
  await terminal.run('owner-a', asking);
  await terminal.run(
    'auditor-a',
    `kubectl wait --for=jsonpath='{.status.state}'=ExceptionAwaitsSignatures polex --all -n ${production} --timeout=30s`,
  );
  const { text: name } = await terminal.run(
    'auditor-a',
    `kubectl get polex -n ${production} -o jsonpath='{.items[0].metadata.name}'`,
  );
  terminal.say('Somebody else signs for it. The gate passes, and says by what.');
  await terminal.run(
    'security-a',
    `kubectl get polex ${name} -n ${production} -o jsonpath={.status.approvalManifests.security} | kubectl create -f -`,
  );
  await terminal.run('developer-a', evidenceSays('reason', 'PassedByException'));
  await terminal.run('auditor-a', `kubectl get polex -n ${production}`);
  const passed = gate(await facts.status(assessed), 'Evidence')?.message ?? '';
  terminal.check('with its name and who signed', passed.includes(name) && passed.includes('security-a'), passed);

  terminal.say(
    'The approver would rather have it fixed, and rejects the release. What production demands is put back.',
  );
  await terminal.run('approver-a', rejecting);
  await terminal.run('developer-a', waitFor('condition=Finished', assessed));
  const story = (await facts.story(assessed)).filter((type) => type !== 'JobDone');
  terminal.check('nothing of it reached production', same(story, ['Staged', 'Rejected']), story);
  await terminal.run('admin', amend({ evidence: [], exceptions: null }));
  await terminal.run('developer-a', 'kubectl apply -f hack/demo/2.4.0/app.yaml');
  await terminal.run('developer-a', `kubectl rollout status deployment/worker -n ${staging} --timeout=60s`);
};

const rejecting = `kubectl get cand ${assessed} -n ${staging} -o jsonpath={.status.approvalManifests.approver} | sed 's/"decision":"Approve"/"decision":"Reject","comment":"fix CVE-2026-1 first"/' | kubectl create -f -`;
