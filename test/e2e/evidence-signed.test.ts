/** Signed statements on the real control plane: what is only typed waits with the command that signs, and the record names who signed. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { sigstore } from '../support/builders/sigstore.ts';
import { ed25519Key, provenance, signed } from '../../hack/signing/statements.ts';
import { cosignEnv, signingFolder, type SigningFolder } from '../../hack/signing/folder.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { gate, type Gate, type World } from '../support/cluster/system.ts';
import { end, everybody, gateSays, patienceMs, scenarios, sign, staged } from '../support/scenario/kit.ts';
import { mayReport, report } from '../support/scenario/evidence.ts';

const { scenario, system } = scenarios('evidence-signed');

// Scenarios run at the same time, and each writes its files in its own folder.
const [signing, forge, authorities] = [await signingFolder(), await signingFolder(), await sigstore()];
const workflow = {
  issuer: 'https://token.example',
  subject: 'https://git.example/payments/.github/workflows/build.yml@refs/heads/main',
};

let command: Command;
beforeAll(async () => {
  command = await buildCommand(system().controlPlane);
}, 120_000);
afterAll(async () => {
  await command?.remove();
  await signing.remove();
  await forge.remove();
});

const why = async (world: World, name: string): Promise<string> =>
  (await command.as('admin', ['why', name, '-n', world.staging])).stdout;

/** Types a command where a key is. */
const typed = async (
  { folder }: SigningFolder,
  command: string,
  who: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const { controlPlane } = system();
  await promisify(execFile)('sh', ['-c', command], {
    cwd: folder,
    env: {
      ...cosignEnv,
      ...env,
      PATH: [folder, dirname(controlPlane.binaries.kubectl), process.env['PATH']].join(delimiter),
      HOME: controlPlane.dir,
      KUBECONFIG: controlPlane.kubeconfig(who),
    },
  });
};

/** Types the command that signs and reports. */
const signedBy = (where: SigningFolder, { remedy }: Gate, who: string): Promise<void> =>
  typed(where, /(at=.*?\| kubectl create -f -)/.exec(remedy)?.[1] ?? 'false', who);

const origin = { builder: 'https://ci.example/builder', source: 'https://git.example/payments' };

const tests = { type: 'TestReport', maxAge: '24h' };

scenario(
  'where the policy names a key and a workflow, what is only typed waits, what is signed counts whoever brings it, and the record names signer, builder and revision',
  async (world) => {
    for (const type of ['TestReport', 'Provenance']) await mayReport(world, 'security-a', type);
    await mayReport(world, 'developer-a', 'TestReport');
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('stated', ['ConfigMap/settings']));
    await sign(world, 'stated', ...everybody);
    const waiting = await gateSays(world, 'stated', 'Evidence', 'EvidenceMissing');
    expect(waiting.remedy).toContain('Who holds the key of ci signs what came of it, and somebody who holds report on');
    const { metadata, status } = await staged(world, 'stated');
    const digest = status?.digest ?? '';
    const candidate = { name: 'stated', uid: metadata.uid, digest };
    await report(world, 'security-a', { type: 'TestReport', subject: { candidate }, result: 'Passed' });
    const typedOnly = await gateSays(world, 'stated', 'Evidence', 'EvidenceNotSigned');
    expect(typedOnly.message).toContain('by security-a (brings no signed statement)');

    await signedBy(signing, typedOnly, 'developer-a');
    const at = new Date().toISOString();
    const built = async (builder: string) => {
      const about = { digest, name: metadata.uid ?? '' };
      const text = await authorities.sign(provenance(about, at, { ...origin, builder }), workflow);
      return report(world, 'security-a', {
        type: 'Provenance',
        subject: { candidate },
        result: 'Passed',
        performedAt: at,
        statement: text,
      });
    };
    await built('https://laptop.example');
    const elsewhere = await gateSays(world, 'stated', 'Evidence', 'OriginNotAllowed');
    expect(elsewhere.message).toContain('names builder https://laptop.example, which the policy does not');
    expect(elsewhere.message).not.toContain('TestReport about');

    const file = join(command.folder, 'provenance.json');
    const statement = provenance({ digest, name: metadata.uid ?? '' }, at, origin);
    const brings = async (text: string) => {
      await writeFile(file, text);
      return command.as('security-a', ['report', 'stated', 'Provenance', file, '-n', world.staging, '--yes']);
    };
    expect((await brings(signed(statement, ed25519Key()))).stderr).toContain(
      'the statement bears no signature of builder',
    );
    const branch = { ...workflow, subject: workflow.subject.replace('main', 'mine') };
    expect((await brings(await authorities.sign(statement, branch))).stderr).toContain(
      `the statement is signed by ${branch.subject} of ${branch.issuer}, and bears no signature of builder`,
    );
    expect(await brings(await authorities.sign(statement, workflow))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('created: Passed'),
    });
    expect(await end(world, 'stated')).toBe('Promoted');

    const started = (await world.ledger()).find(({ type }) => type === 'PromotionStarted');
    const revision = 'abc'.padEnd(40, '0');
    expect(JSON.parse(started?.data ?? '{}')).toMatchObject({
      evidence: [
        { type: 'TestReport', username: 'developer-a', signer: 'ci' },
        { type: 'Provenance', signer: 'builder', builder: origin.builder, sources: [`${origin.source}@${revision}`] },
      ],
    });
    await world.when('stated', (each) => gate(each, 'Evidence')?.reason === 'GatesPassed', patienceMs);
    expect(await why(world, 'stated')).toContain(
      `signed by builder, built by ${origin.builder}, from ${origin.source}@${revision}`,
    );
  },
  {
    evidence: [
      { ...tests, signedBy: [{ name: 'ci', key: signing.pem }] },
      {
        type: 'Provenance',
        maxAge: '24h',
        signedBy: [{ name: 'builder', identity: { ...workflow, root: 'own' } }],
        builders: [origin.builder],
        sources: [origin.source],
      },
    ],
    trustedRoots: [{ name: 'own', root: authorities.root }],
  },
);

const payments = 'https://git.example/payments';

/** A checkout with a commit that two people wrote. */
const commit = (message: string): Promise<void> =>
  typed(
    forge,
    `git init --quiet . && git -c user.name=Ada -c user.email=ada@example.com -c commit.gpgsign=false commit --quiet --allow-empty --message '${message}\n\nCo-authored-by: Bob <bob@example.com>'`,
    'developer-a',
    { GIT_CONFIG_GLOBAL: '/dev/null' },
  );

scenario(
  'who wrote a commit signs under no account, also if they had signed before, and the record names them',
  async (world) => {
    await mayReport(world, 'developer-a', 'Source');
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('sourced', ['ConfigMap/settings']));
    await sign(world, 'sourced', ...everybody);
    const waiting = await gateSays(world, 'sourced', 'Evidence', 'EvidenceMissing');

    await commit('Pay in euros');
    await signedBy(forge, waiting, 'developer-a');
    const unknown = await gateSays(world, 'sourced', 'SegregationOfDuties', 'AuthorUnknown');
    expect(unknown.message).toMatch(/ada@example.com wrote commit [0-9a-f]{12} of https:..git.example.payments/);
    expect(unknown.message).toContain('bob@example.com wrote commit');

    const editor = join(forge.folder, 'editor');
    const people =
      '[{name: ada, identities: ["ada@example.com", approver-a]}, {name: bob, identities: ["bob@example.com"]}]';
    await writeFile(editor, `#!/bin/sh\nsed -i 's/^  people: .*/  people: ${people}/' "$1"\n`, { mode: 0o755 });
    const edit = /(kubectl edit relpol \S+ -n \S+)/.exec(unknown.remedy)?.[1] ?? 'false';
    await typed(forge, edit, 'admin', { KUBE_EDITOR: editor });
    const wrote = await gateSays(world, 'sourced', 'SegregationOfDuties', 'AuthorCannotSign');
    expect(wrote.message).toContain('approver-a (ada@example.com wrote commit');
    // An author under another account is nobody who could sign.
    expect(await why(world, 'sourced')).not.toContain('User approver-a');
    const again = await command.as('approver-a', ['approve', 'sourced', '-n', world.staging, '--role', 'approver']);
    expect(again.stderr).toContain('approver-a as approver (changed the content)');

    await system().controlPlane.identity({ name: 'approver-h', groups: ['payments-owners'] });
    await bindRole(world.as('installer'), {
      name: 'approver-h',
      namespace: world.production,
      role: 'countersign-approver',
      subject: { kind: 'User', name: 'approver-h' },
    });
    await sign(world, 'sourced', ['approver-h', 'approver']);
    expect(await end(world, 'sourced')).toBe('Promoted');
    const started = (await world.ledger()).find(({ type }) => type === 'PromotionStarted');
    expect(JSON.parse(started?.data ?? '{}')).toMatchObject({
      evidence: [{ type: 'Source', username: 'developer-a', signer: 'forge' }],
      sourceAuthors: [{ username: 'ada@example.com' }, { username: 'bob@example.com' }],
    });
    await world.when('sourced', (each) => gate(each, 'SegregationOfDuties')?.reason === 'GatesPassed', patienceMs);
    expect(await why(world, 'sourced')).toContain(
      'others than the authors by the source: ada@example.com wrote commit',
    );
  },
  {
    evidence: [{ type: 'Source', maxAge: '24h', signedBy: [{ name: 'forge', key: forge.pem }], sources: [payments] }],
  },
);
