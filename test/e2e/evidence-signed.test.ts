/** Signed statements on the real control plane: what is only typed waits with the command that signs, and the record names who signed. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { sigstore } from '../support/builders/sigstore.ts';
import { ed25519Key, provenance, signed } from '../support/builders/statements.ts';
import { cosignEnv, signingFolder } from '../support/command/cosign.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { gate, type Gate, type World } from '../support/cluster/system.ts';
import { end, everybody, gateSays, patienceMs, scenarios, sign, staged } from '../support/scenario/kit.ts';
import { mayReport, report } from '../support/scenario/evidence.ts';

const { scenario, system } = scenarios('evidence-signed');

const [signing, authorities] = [await signingFolder(), await sigstore()];
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
});

const why = async (world: World, name: string): Promise<string> =>
  (await command.as('admin', ['why', name, '-n', world.staging])).stdout;

/** Types the command that signs and reports, where the key is. */
const signedBy = async ({ remedy }: Gate, who: string): Promise<void> => {
  const command = /(at=.*?\| kubectl create -f -)/.exec(remedy)?.[1] ?? 'false';
  const { controlPlane } = system();
  await promisify(execFile)('sh', ['-c', command], {
    cwd: signing.folder,
    env: {
      ...cosignEnv,
      PATH: [signing.folder, dirname(controlPlane.binaries.kubectl), process.env['PATH']].join(delimiter),
      HOME: controlPlane.dir,
      KUBECONFIG: controlPlane.kubeconfig(who),
    },
  });
};

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

    await signedBy(typedOnly, 'developer-a');
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
