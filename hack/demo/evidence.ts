/** What was found out about a release, and who says that it may go without. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signingFolder, type SigningFolder } from '../signing/folder.ts';
import { production, staging } from './facts.ts';
import { gate, openGates, same, stageNext, waitFor, type Demo } from './steps.ts';

const assessed = 'payments-2.4.4';

const demandsOf = (key: string) => ({
  evidence: [
    { type: 'VulnerabilityAssessment', maxAge: '720h', most: { critical: 0 }, signedBy: [{ name: 'scanner', key }] },
  ],
  exceptions: { gates: ['Evidence'], maxDuration: '1h', approvals: [{ role: 'security', count: 1 }] },
});

const amend = (spec: unknown): string =>
  `kubectl patch relpol production -n ${production} --type=merge -p '${JSON.stringify({ spec })}'`;

const evidenceSays = (field: string, value: string): string =>
  waitFor(`jsonpath='{.status.gates[?(@.name=="Evidence")].${field}}'=${value}`, assessed);

const remedyOf = async ({ facts }: Demo): Promise<string> =>
  gate(await facts.status(assessed), 'Evidence')?.remedy ?? '';

/** The command in the remedy of the gate that creates an exception. */
const askingFor = async (demo: Demo): Promise<string> =>
  /echo '[^;]*"kind":"PolicyException"[^;]*?' \| kubectl create -f -/.exec(await remedyOf(demo))?.[0] ??
  'false # the gate gives no command that asks for an exception';

/** The command in the remedy of the gate that signs what the scanner found, and reports it. */
const signingOf = async (demo: Demo): Promise<string> =>
  /at=<.*?\| kubectl create -f -/.exec(await remedyOf(demo))?.[0] ?? 'false # the gate gives no command that signs';

/** What a scanner wrote just now, where cosign is and its key. @returns when it was */
const scan = async (folder: string, severities: readonly string[]): Promise<string> => {
  const scanFinishedOn = new Date().toISOString();
  const found = severities.map((Severity, i) => ({ VulnerabilityID: `CVE-2026-${i + 1}`, Severity }));
  const predicate = {
    scanner: { uri: 'pkg:golang/github.com/aquasecurity/trivy', result: { Results: [{ Vulnerabilities: found }] } },
    metadata: { scanFinishedOn },
  };
  await writeFile(join(folder, 'predicate.json'), JSON.stringify(predicate));
  return scanFinishedOn;
};

/** Where the scanner signs: the gate's command is typed as it is, with the time that the scan says. */
const typed = (folder: string, command: string, at: string): string =>
  `cd ${folder} && PATH=.:$PATH && ${command.replace(/<when it was performed[^>]*>/, at)}`;

/** Security brings what the scanner signed: nothing bad opens the gate, something critical closes it again. */
const assess = async (demo: Demo, folder: string): Promise<void> => {
  const { terminal, facts } = demo;
  terminal.say(
    'The scanner signs what it found, and security types the command of the gate. Evidence is bound to exactly this content. (In place of cosign a small program writes the same file.)',
  );
  const command = await signingOf(demo);
  await terminal.run('security-a', typed(folder, command, await scan(folder, ['LOW'])));
  await terminal.run('developer-a', evidenceSays('outcome', 'Passed'));
  const opened = gate(await facts.status(assessed), 'Evidence')?.message ?? '';
  terminal.check('the gate says whose signature it rests on', opened.includes('signed by scanner'), opened);

  terminal.say('An hour later the scanner knows more, and signs that too. The gate closes again.');
  const worse = command.replace('"critical":0', '"critical":1');
  await terminal.run('security-a', typed(folder, worse, await scan(folder, ['LOW', 'CRITICAL'])));
  await terminal.run('developer-a', evidenceSays('outcome', 'Blocked'));
  const closed = gate(await facts.status(assessed), 'Evidence')?.message ?? '';
  terminal.check('it says what was counted', closed.includes('counts 1 critical, of which at most 0 may be'), closed);
};

export const foundOut = async (demo: Demo): Promise<void> => {
  const signing = await signingFolder();
  try {
    await assessedRelease(demo, signing);
  } finally {
    await signing.remove();
  }
};

const assessedRelease = async (demo: Demo, { pem, folder }: SigningFolder): Promise<void> => {
  const { terminal } = demo;
  terminal.chapter('What was found out, and who lets it go without');
  terminal.say(
    'Production now also demands a vulnerability assessment of each release that the scanner has signed, with nothing critical in it. 2.4.4 comes without one.',
  );
  await terminal.run('admin', amend(demandsOf(pem)));
  await stageNext(demo, '2.4.4');
  await terminal.run('developer-a', evidenceSays('reason', 'EvidenceMissing'));
  await terminal.run('developer-a', openGates(assessed));
  await assess(demo, folder);
  await goWithout(demo);

  terminal.say(
    'The approver would rather have it fixed, and rejects the release. What production demands is put back.',
  );
  await terminal.run('approver-a', rejecting);
  await terminal.run('developer-a', waitFor('condition=Finished', assessed));
  const story = (await demo.facts.story(assessed)).filter((type) => type !== 'JobDone');
  terminal.check('nothing of it reached production', same(story, ['Staged', 'Rejected']), story);
  await terminal.run('admin', amend({ evidence: [], exceptions: null }));
  await terminal.run('developer-a', 'kubectl apply -f hack/demo/2.4.0/app.yaml');
  await terminal.run('developer-a', `kubectl rollout status deployment/worker -n ${staging} --timeout=60s`);
};

/** One asks, another signs. */
const goWithout = async (demo: Demo): Promise<void> => {
  const { terminal, facts } = demo;
  terminal.say('The owner asks for an exception, until tonight, with the reason and the risk. It passes nothing yet.');
  const asking = (await askingFor(demo))
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
};

const rejecting = `kubectl get cand ${assessed} -n ${staging} -o jsonpath={.status.approvalManifests.approver} | sed 's/"decision":"Approve"/"decision":"Reject","comment":"fix CVE-2026-1 first"/' | kubectl create -f -`;
