/** Evidence on the real control plane: a gate that waits with its command, opens, closes again, and asks for no more than a release needs. */
import { execFile } from 'node:child_process';
import { utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { accepted, type KubeObject } from '../support/cluster/cluster.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { gate, image, type Gate, type World } from '../support/cluster/system.ts';
import {
  amendPolicy,
  closed,
  end,
  everybody,
  gateSays,
  patienceMs,
  scenarios,
  sign,
  staged,
} from '../support/scenario/kit.ts';
import { mayReport, report } from '../support/scenario/evidence.ts';

const { scenario, system } = scenarios('evidence');

let command: Command;
beforeAll(async () => {
  command = await buildCommand(system().controlPlane);
}, 120_000);
afterAll(() => command?.remove());

const why = async (world: World, name: string): Promise<string> =>
  (await command.as('admin', ['why', name, '-n', world.staging])).stdout;

/** Types the command that the gate names into a shell, as somebody. */
const typed = async ({ remedy }: Gate, who: string): Promise<void> => {
  const command = /(echo '.*\| kubectl create -f -)/.exec(remedy)?.[1] ?? 'false';
  const { controlPlane } = system();
  await promisify(execFile)('sh', ['-c', command], {
    env: {
      PATH: `${dirname(controlPlane.binaries.kubectl)}:${process.env['PATH']}`,
      HOME: controlPlane.dir,
      KUBECONFIG: controlPlane.kubeconfig(who),
    },
  });
};

interface Reported extends KubeObject {
  readonly spec: { readonly comment?: string };
}

/** The API server tells seconds, and of two reports of one second the one that fails decides. */
const nextSecond = (): Promise<void> => sleep(1_000 - (Date.now() % 1_000));

const tests = { type: 'TestReport', maxAge: '24h' };
const scan = { type: 'VulnerabilityAssessment', about: 'Images', maxAge: '24h', most: { critical: 0 } };

scenario(
  'the gate waits with its command, which opens it when it is typed, and the intent names what it rested on',
  async (world) => {
    await mayReport(world, 'security-a', 'TestReport');
    await mayReport(world, 'developer-a', 'TestReport');
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('tested', ['ConfigMap/settings']));
    await sign(world, 'tested', ...everybody);
    const waits = await gateSays(world, 'tested', 'Evidence', 'EvidenceMissing');
    expect(waits).toMatchObject({
      outcome: 'Waiting',
      message: expect.stringContaining('Waiting for TestReport about the content of tested'),
    });
    expect(waits.remedy).toContain(`who holds report on evidencetypes/TestReport in ${world.staging} by name`);

    expect(await why(world, 'tested')).toContain('who  TestReport: User security-a\n');
    const waiting = ['pending', '-n', world.production];
    expect((await command.as('security-a', waiting)).stdout).toContain(
      `as reporter of TestReport → kubectl countersign report tested TestReport <files> -n ${world.staging}`,
    );
    expect((await command.as('approver-b', waiting)).stdout).toContain('Nothing waits for you');

    await typed(waits, 'developer-a');
    const author = await gateSays(world, 'tested', 'Evidence', 'ReporterIsAuthor');
    expect(author.message).toContain('by developer-a (changed the content)');

    await typed(author, 'security-a');
    expect(await end(world, 'tested')).toBe('Promoted');
    const started = (await world.ledger()).find(({ type }) => type === 'PromotionStarted');
    expect(JSON.parse(started?.data ?? '{}')).toMatchObject({
      evidence: [{ type: 'TestReport', username: 'security-a', name: expect.stringContaining('report-') }],
    });
    const over = await world.when('tested', (each) => gate(each, 'Evidence')?.reason === 'GatesPassed', patienceMs);
    expect(await why(world, 'tested')).toContain(`Evidence  Passed  ${gate(over, 'Evidence')?.message}`);
    expect(gate(over, 'Evidence')?.message).toMatch(
      /^passed when the promotion began, by TestReport \w+-\w+ by security-a$/,
    );
  },
  { evidence: [tests] },
);

scenario(
  'what fails later closes the gate again, and two candidates rest on what was found about their image',
  async (world) => {
    await mayReport(world, 'security-a', 'VulnerabilityAssessment');
    await world.stage(world.deployment('api', 'a'));
    await world.propose(world.candidate('first', ['Deployment/api']));
    await world.propose(world.candidate('second', ['Deployment/api']));
    const waits = await gateSays(world, 'first', 'Evidence', 'EvidenceMissing');
    expect(waits.message).toContain('Waiting for VulnerabilityAssessment about image sha256:');

    const images = [image('a').slice(image('a').indexOf('sha256:'))];
    const found = { type: 'VulnerabilityAssessment', subject: { images } };
    await report(world, 'security-a', { ...found, result: 'Passed', summary: { critical: 0 } });
    for (const each of ['first', 'second']) await gateSays(world, each, 'Evidence', 'EvidenceComplete');

    await report(world, 'security-a', { ...found, result: 'Passed', summary: { critical: 2 } });
    const failed = await gateSays(world, 'first', 'Evidence', 'EvidenceFailed');
    expect(failed).toMatchObject({
      outcome: 'Blocked',
      message: expect.stringContaining('counts 2 critical, of which at most 0 may be'),
    });
    await gateSays(world, 'second', 'Evidence', 'EvidenceFailed');

    await nextSecond();
    await typed(failed, 'security-a');
    await gateSays(world, 'first', 'Evidence', 'EvidenceComplete');
    await sign(world, 'first', ...everybody);
    await amendPolicy(world, { windows: [] });
    expect(await end(world, 'first')).toBe('Promoted');
  },
  { evidence: [scan], ...closed },
);

scenario(
  'a minor release needs less than a new or significant one, and is told why; the gate program says the same',
  async (world) => {
    await mayReport(world, 'security-a', 'TestReport');
    const settings = (level: string) => world.stage(world.configMap('settings', { level }));
    await settings('info');
    await world.propose(world.candidate('new', ['ConfigMap/settings']));
    const first = await gateSays(world, 'new', 'Evidence', 'EvidenceMissing');
    expect(first.message).toContain('the release is NewApplication: nothing of the package was released before');
    await typed(first, 'security-a');
    await sign(world, 'new', ...everybody);
    expect(await end(world, 'new')).toBe('Promoted');

    await settings('debug');
    await world.propose(world.candidate('small', ['ConfigMap/settings']));
    const small = await gateSays(world, 'small', 'Evidence', 'EvidenceComplete');
    expect(small.message).toContain('not needed for it: TestReport (NewOrSignificant)');
    await sign(world, 'small', ...everybody);
    expect(await end(world, 'small')).toBe('Promoted');

    await world.stage(world.deployment('api', 'a'));
    await world.propose(world.candidate('large', ['ConfigMap/settings', 'Deployment/api']));
    const large = await gateSays(world, 'large', 'Evidence', 'EvidenceMissing');
    expect(large.message).toContain('the release is Significant: it changes ');
    expect(large.message).toContain('image (Deployment api)');
  },
  { evidence: [{ ...tests, when: 'NewOrSignificant' }] },
);

scenario(
  'evidence of an earlier candidate of the same name counts for nothing, nor does what is too old',
  async (world) => {
    await mayReport(world, 'security-a', 'TestReport');
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('again', ['ConfigMap/settings']));
    const before = await staged(world, 'again');
    const candidate = (uid: string | undefined) => ({ name: 'again', uid, digest: before.status?.digest });
    const passed = { type: 'TestReport', result: 'Passed' };
    await report(world, 'security-a', { ...passed, subject: { candidate: candidate('an-earlier-one') } });
    const old = { performedAt: new Date(Date.now() - 48 * 3_600_000).toISOString() };
    await report(world, 'security-a', { ...passed, ...old, subject: { candidate: candidate(before.metadata.uid) } });
    const waits = await gateSays(world, 'again', 'Evidence', 'EvidenceExpired');
    expect(waits.message).toContain('(performed it too long ago)');
    expect(waits.message.match(/ by security-a/g)).toHaveLength(1);
    await typed(waits, 'security-a');
    await gateSays(world, 'again', 'Evidence', 'EvidenceComplete');
  },
  { evidence: [tests], ...closed },
);

scenario(
  'the command reads what tests and scanners wrote: what failed closes the gate, what the vendor sets aside is told, and nothing is sent that could not count',
  async (world) => {
    const [one, other] = ['a', 'b'].map((letter) => image(letter));
    for (const type of ['TestReport', 'VulnerabilityAssessment']) await mayReport(world, 'security-a', type);
    await mayReport(world, 'developer-a', 'TestReport');
    await world.stage(world.deployment('api', 'a'));
    await world.propose(world.candidate('read', ['Deployment/api']));
    await staged(world, 'read');
    const file = async (name: string, content: unknown): Promise<string> => {
      const path = join(command.folder, name);
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    };
    const reported = (who: string, type: string, ...more: readonly string[]) =>
      command.as(who, ['report', 'read', type, ...more, '-n', world.staging, '--yes']);

    const bad = await file('bad.xml', '<testsuite><testcase name="pays"><failure/></testcase></testsuite>');
    const good = await file('good.xml', '<testsuite><testcase name="pays"/></testsuite>');
    // A report is as old as its file; of two of one second the one that failed decides.
    const before = new Date(Date.now() - 3_600_000);
    await utimes(bad, before, before);
    const mixed = await reported('security-a', 'TestReport', good, bad);
    expect(mixed).toMatchObject({ code: 0, stdout: expect.stringMatching(/Found {2}1\n {2}pays {2}failed\n/) });
    await gateSays(world, 'read', 'Evidence', 'EvidenceFailed');
    expect((await reported('security-a', 'TestReport', good)).stdout).toContain('created: Passed');
    await gateSays(world, 'read', 'Evidence', 'EvidenceMissing');

    const scanOf = (reference: string | undefined) => ({
      SchemaVersion: 2,
      Metadata: { RepoDigests: [reference] },
      Results: [
        {
          Vulnerabilities: [
            { VulnerabilityID: 'CVE-1', Severity: 'CRITICAL', PkgIdentifier: { PURL: 'pkg:npm/left-pad@1.3.0' } },
          ],
        },
      ],
    });
    const found = await file('scan.json', scanOf(one));
    const elsewhere = await file('elsewhere.json', scanOf(other));
    const vex = await file('vex.json', {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      author: 'the vendor',
      statements: [
        { vulnerability: { name: 'CVE-1' }, products: [{ '@id': 'pkg:npm/left-pad' }], status: 'not_affected' },
      ],
    });
    const closes = await reported('security-a', 'VulnerabilityAssessment', found);
    expect(closes.stdout).toContain('It closes the gate: 1 critical, of which the policy allows 0\n');
    await gateSays(world, 'read', 'Evidence', 'EvidenceFailed');
    await nextSecond();
    const judged = await reported('security-a', 'VulnerabilityAssessment', found, vex);
    expect(judged.stdout).toContain('CVE-1  not_affected by the vendor (OpenVEX): no reason given\n');
    await gateSays(world, 'read', 'Evidence', 'EvidenceComplete');
    const { items } = accepted(
      await world.as('auditor-a').list<Reported>(world.ref('Evidence', undefined, world.staging)),
    );
    expect(items.map(({ spec }) => spec.comment)).toContain(
      'Not counted, 1:\nCVE-1: not_affected by the vendor (OpenVEX): no reason given',
    );

    for (const [who, type, path, says] of [
      ['security-a', 'VulnerabilityAssessment', elsewhere, 'read holds no image sha256:'],
      ['developer-a', 'TestReport', good, 'It would not count: developer-a changed the content'],
      ['tester-a', 'TestReport', good, 'does not hold report on evidencetypes/TestReport'],
      [
        'security-a',
        'TestReport',
        await file('cut.xml', '<testsuite>\n<testcase'),
        'cut.xml:2: it is no well-formed XML',
      ],
    ] as const) {
      const refused = await reported(who, type, path);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(says)]);
    }
    expect(
      accepted(await world.as('auditor-a').list(world.ref('Evidence', undefined, world.staging))).items,
    ).toHaveLength(items.length);
  },
  { evidence: [tests, scan], ...closed },
);
