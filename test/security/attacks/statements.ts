/** Attacks by signed statements (docs/threats.md, T64): what is brought as evidence under a policy that names the key of CI. */
import {
  ecKey,
  envelopeOf,
  inTotoType,
  provenance,
  signatureOf,
  signed,
  testResult,
  type SigningKey,
} from '../../../hack/signing/statements.ts';
import { sigstore, type Flaws, type Identity } from '../../support/builders/sigstore.ts';
import type { Attack, Attempt, Lock } from '../../support/attack/attack.ts';
import { digest, type Sent } from '../../support/attack/objects.ts';
import type { World } from '../../support/attack/world.ts';
import type { Reported } from '../../support/cluster/system.ts';

const [ci, stranger] = [ecKey(), ecKey()];
const signedBy = [{ name: 'ci', key: ci.pem }];
const origin = { builder: 'https://ci.example/builder', source: 'https://git.example/payments' };
/** In the place of the first line. */
const signedTest = { type: 'TestReport', maxAge: '24h', signedBy };
const signedBuild = {
  type: 'Provenance',
  maxAge: '24h',
  signedBy,
  builders: [origin.builder],
  sources: [origin.source],
};

/** CI as a workflow, the Sigstore whose root the policy holds, and one that somebody runs on their own. */
const workflow: Identity = {
  issuer: 'https://token.example',
  subject: 'https://git.example/payments/.github/workflows/test.yml@refs/heads/main',
};
const [trusted, own] = [await sigstore(), await sigstore()];
const certifiedTest = {
  type: 'TestReport',
  maxAge: '24h',
  signedBy: [{ name: 'ci', identity: { ...workflow, root: 'trusted' } }],
};
/** What the policy trusts, beside the lines. */
export const trustedRoots = [{ name: 'trusted', root: trusted.root }];

/** What the attacks stand on, of the file that starts the control plane. */
interface Ground<W extends World> {
  readonly world: () => W;
  /** Sets what the policy demands. */
  readonly demand: (world: World, ...lines: readonly object[]) => Promise<void>;
  readonly proposed: (world: World) => Promise<Reported>;
  readonly reported: (who: string, make: (of: Reported) => Sent | Promise<Sent>) => (world: W) => Promise<Attempt>;
  readonly tested: (of: Reported, about?: object, more?: Readonly<Record<string, unknown>>) => Sent;
  /** What the policy demands otherwise: the first of it gives way to a line that names a key. */
  readonly lines: readonly object[];
}

const aboutOf = ({ metadata, status }: Reported) => ({ digest: status?.digest ?? '', name: metadata.uid ?? '' });
type About = ReturnType<typeof aboutOf>;

const nowText = (): string => new Date().toISOString();
const dayAgo = (): string => new Date(Date.now() - 86_400_000).toISOString();
const bytesOf = (statement: object): Buffer => Buffer.from(JSON.stringify(statement));

/** Signed by CI as it is, over these bytes. */
const byCi = (bytes: Buffer): string => envelopeOf(bytes, [signatureOf(ci, bytes)]);

/** Signed while it said that the test failed, and stored saying that it passed. */
const turned = (statement: object): string =>
  envelopeOf(bytesOf(statement), [signatureOf(ci, Buffer.from(JSON.stringify(statement).replace('PASSED', 'FAILED')))]);

/** Signed as a text, and brought as a statement, or as the text that it is. */
const asText =
  (payloadType: string) =>
  (statement: object): string => {
    const bytes = bytesOf(statement);
    return envelopeOf(bytes, [signatureOf(ci, bytes, { payloadType: 'text/plain' })], payloadType);
  };

const twice = (statement: object): string =>
  byCi(Buffer.from(JSON.stringify(statement).replace('"result":', '"result":"FAILED","result":')));

const bomb = (statement: object): string => {
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  return byCi(Buffer.from(JSON.stringify(statement).replace('"configuration":[]', `"configuration":[${deep}]`)));
};

interface Change {
  readonly about?: (of: Reported) => Promise<Partial<About>>;
  readonly predicate?: object;
  readonly at?: () => string;
}

/** How evidence is brought under a policy that asks for a signed statement and for an SBOM. */
const waysOf = <W extends World>({ world, demand, reported, tested, lines }: Ground<W>) => {
  let isSignedLineThere = true;
  const line: Lock<W> = {
    name: 'the line of the policy that names a key',
    open: () => {
      isSignedLineThere = false;
      return Promise.resolve(async () => {
        isSignedLineThere = true;
        await demand(world(), ...lines);
      });
    },
  };
  const under =
    (asked: object, make: (of: Reported) => Sent | Promise<Sent>) =>
    async (given: W): Promise<Attempt> => {
      await demand(given, ...(isSignedLineThere ? [asked] : []), ...lines.slice(1));
      try {
        return await reported('security-a', make)(given);
      } finally {
        await demand(given, ...lines);
      }
    };
  /** A test that passed then, as it is typed beside a statement. */
  const stated = (of: Reported, statement: string, at: string, more: object = {}): Sent =>
    tested(of, {}, { performedAt: at, statement, ...more });
  const withTest = (key: SigningKey, { about, predicate, at = nowText }: Change = {}) =>
    under(signedTest, async (of) => {
      const when = at();
      const subject = { ...aboutOf(of), ...(await about?.(of)) };
      return stated(of, signed(testResult(subject, when, predicate), key), when);
    });
  /** What CI signed, with something done to the envelope. */
  const edited = (edit: (statement: object) => string) =>
    under(signedTest, (of) => {
      const at = nowText();
      return stated(of, edit(testResult(aboutOf(of), at)), at);
    });
  const withBuild = (change: Partial<typeof origin>) =>
    under(signedBuild, (of) => {
      const at = nowText();
      const text = signed(provenance(aboutOf(of), at, { ...origin, ...change }), ci);
      return stated(of, text, at, { type: 'Provenance' });
    });
  const dated = under(signedTest, (of) =>
    stated(of, signed(testResult(aboutOf(of), '2026-01-01T00:00:00Z'), ci), nowText()),
  );
  const certified = (from: typeof trusted, identity: Partial<Identity> = {}, flaws?: Flaws) =>
    under(certifiedTest, async (of) => {
      const at = nowText();
      return stated(of, await from.sign(testResult(aboutOf(of), at), { ...workflow, ...identity }, flaws), at);
    });
  return { line, certified, withTest, edited, withBuild, dated, unsigned: under(signedTest, (of) => tested(of)) };
};

export const statementAttacks = <W extends World>(ground: Ground<W>): readonly Attack<W>[] => {
  const { line, certified, withTest, edited, withBuild, dated, unsigned } = waysOf(ground);
  const ofAnother = async () => ({ name: (await ground.proposed(ground.world())).metadata.uid ?? '' });
  const [signedTwin, buildTwin, certifiedTwin] = [withTest(ci), withBuild({}), certified(trusted)];
  const branch = workflow.subject.replace('main', 'mine');
  return (
    [
      ['a key signed that the policy does not name', withTest(stranger), 'EvidenceNotSigned: ', signedTwin],
      ['a pass is typed, and nothing is signed', unsigned, 'EvidenceNotSigned: ', signedTwin],
      [
        'a statement about another digest is brought',
        withTest(ci, { about: () => Promise.resolve({ digest: digest('c') }) }),
        'StatementDiffers: ',
        signedTwin,
      ],
      [
        'a statement about another candidate is brought under this name',
        withTest(ci, { about: ofAnother }),
        'StatementDiffers: ',
        signedTwin,
      ],
      ['a statement that is too old is typed as of now', dated, 'StatementDiffers: ', signedTwin],
      ['a statement is too old', withTest(ci, { at: dayAgo }), 'EvidenceExpired: ', signedTwin],
      [
        'Passed is typed over a signed Failed',
        withTest(ci, { predicate: { result: 'FAILED' } }),
        'EvidenceFailed: ',
        signedTwin,
      ],
      ['the payload is edited after it was signed', edited(turned), 'EvidenceNotSigned: ', signedTwin],
      [
        'what was signed as a text is brought as a statement',
        edited(asText(inTotoType)),
        'EvidenceNotSigned: ',
        signedTwin,
      ],
      [
        'a signed text that reads as a statement is brought',
        edited(asText('text/plain')),
        'StatementDiffers: ',
        signedTwin,
      ],
      ['a field is given twice in what is signed', edited(twice), 'StatementDiffers: ', signedTwin],
      ['what is signed is nested very deep', edited(bomb), 'StatementDiffers: ', signedTwin],
      [
        'a builder built it that the policy does not name',
        withBuild({ builder: 'https://laptop.example' }),
        'OriginNotAllowed: ',
        buildTwin,
      ],
      [
        'it was built from a repository that the policy does not name',
        withBuild({ source: `${origin.source}-fork` }),
        'OriginNotAllowed: ',
        buildTwin,
      ],
      [
        'a Sigstore of somebody’s own vouches for the workflow that the policy names',
        certified(own),
        'EvidenceNotSigned: ',
        certifiedTwin,
      ],
      [
        'the workflow ran on another branch',
        certified(trusted, { subject: branch }),
        'EvidenceNotSigned: ',
        certifiedTwin,
      ],
      [
        'another issuer vouches for the workflow',
        certified(trusted, { issuer: 'https://token.example.org' }),
        'EvidenceNotSigned: ',
        certifiedTwin,
      ],
      [
        'a certificate is brought that no log has an entry for',
        certified(trusted, {}, { withoutEntry: true }),
        'EvidenceNotSigned: ',
        certifiedTwin,
      ],
    ] as const
  ).map(([name, act, denied, twin]) => ({ id: 'T64', name, act, denied, twin, locks: [line] }));
};
