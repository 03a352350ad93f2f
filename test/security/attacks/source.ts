/** Attacks by those who made the source (docs/threats.md, T66): they sign for what was built from it, or hide that it is theirs. */
import { ecKey, provenance, signed, sourceHistory, type SigningKey } from '../../../hack/signing/statements.ts';
import type { Attack, Attempt, Lock } from '../../support/attack/attack.ts';
import { approval, policy, type Sent } from '../../support/attack/objects.ts';
import { eventually, type World } from '../../support/attack/world.ts';
import { accepted, targetOf } from '../../support/cluster/cluster.ts';
import { gate, type Reported } from '../../support/cluster/system.ts';

const [forge, stranger] = [ecKey(), ecKey()];
const signedBy = [{ name: 'forge', key: forge.pem }];
const repository = 'https://git.example/payments';
/** The commit that provenance names (`provenance`). */
const revision = 'abc'.padEnd(40, '0');
const line = (type: string) => ({ type, maxAge: '24h', signedBy });
/** Nobody reports it, so that nothing is promoted. */
const never = { type: 'Never', maxAge: '24h' };
const people = [
  { name: 'ada', identities: ['ada@example.com', 'ada-on-the-forge', 'tester-a'] },
  { name: 'zoe', identities: ['zoe@example.com'] },
];

/** What the attacks stand on, of the file that starts the control plane. */
interface Ground {
  readonly proposed: (world: World) => Promise<Reported>;
  readonly tested: (of: Reported, about?: object, more?: Readonly<Record<string, unknown>>) => Sent;
  readonly lines: readonly object[];
  readonly withdrawn: (as: World['as'], of: Reported) => Promise<void>;
}

interface Told {
  readonly author: string;
  readonly key?: SigningKey;
  /** sha256 of what it is about; absent = of the content. */
  readonly digest?: string;
  readonly revision?: string;
  readonly repository?: string;
}

const demand = async ({ as }: World, spec: object): Promise<void> => {
  accepted(await as('admin').patch(targetOf(policy()), 'merge', { spec }));
};

const aboutOf = ({ metadata, status }: Reported) => ({ digest: status?.digest ?? '', name: metadata.uid ?? '' });

const source = (of: Reported, { author, key = forge, digest, ...given }: Told): object => {
  const performedAt = new Date().toISOString();
  const about = { ...aboutOf(of), ...(digest === undefined ? {} : { digest }) };
  const at = given.revision ?? revision;
  const said = { repository, revision: at, commits: [{ revision: at, authors: [author] }], ...given };
  return { type: 'Source', performedAt, statement: signed(sourceHistory(about, performedAt, said), key) };
};

const signs = async ({ as }: World, of: Reported): Promise<void> => {
  const { name, uid } = of.metadata;
  const digest = of.status?.digest;
  accepted(
    await as('tester-a').create(
      approval({ spec: { subject: { kind: 'ReleaseCandidate', name, uid }, digest, role: 'tester' } }),
    ),
  );
};

const waysOf = ({ proposed, tested, lines, withdrawn }: Ground) => {
  let isSourceLineThere = true;
  const lock: Lock<World> = {
    name: 'the line Source of the policy',
    open: () => {
      isSourceLineThere = false;
      return Promise.resolve(() => {
        isSourceLineThere = true;
        return Promise.resolve();
      });
    },
  };
  const bring = async ({ as }: World, of: Reported, sent: object): Promise<void> => {
    accepted(await as('security-a').create(tested(of, {}, { ...sent })));
  };
  /** Whether everything that was reported has been judged: what is reported last about something else shows it. */
  const judged = async (world: World, of: Reported, isSigned: boolean): Promise<Reported> => {
    await bring(world, of, { type: 'SBOM' });
    const seen = await eventually(
      'the statements and the signature are judged',
      () => world.as('developer-a').get<Reported>(targetOf(of)),
      (answer) => {
        if (!answer.ok || gate(answer.body, 'Evidence')?.message.includes('SBOM about') !== false) return false;
        if (gate(answer.body, 'Evidence')?.reason === 'RightsUnknown') return false;
        const duties = gate(answer.body, 'SegregationOfDuties');
        const isCounted =
          answer.body.status?.approvals?.startsWith('1/') === true || duties?.message.includes('tester-a') === true;
        return !isSigned || isCounted || duties?.reason === 'AuthorUnknown';
      },
    );
    await withdrawn(world.as, of);
    return accepted(seen);
  };
  const under =
    (asked: readonly object[], act: (world: World, of: Reported) => Promise<Attempt>) =>
    async (world: World): Promise<Attempt> => {
      const kept = [...(isSourceLineThere ? asked : []), ...lines.slice(1), never];
      await demand(world, { evidence: kept, people });
      try {
        return await act(world, await proposed(world));
      } finally {
        await demand(world, { evidence: lines, people: [] });
      }
    };
  /** tester-a signs for what statements name authors of. */
  const signing = (told: readonly Told[], order: 'Before' | 'After' = 'After') =>
    under([line('Source')], async (world, of) => {
      if (order === 'Before') await signs(world, of);
      for (const each of told) await bring(world, of, source(of, each));
      if (order === 'After') await signs(world, of);
      const seen = await judged(world, of, true);
      const duties = gate(seen, 'SegregationOfDuties');
      const isBlocked = duties?.outcome === 'Blocked';
      return {
        reached: seen.status?.approvals?.startsWith('1/') === true && !isBlocked,
        said: `${duties?.reason}: ${duties?.message}`,
      };
    });
  /** A statement is brought beside provenance of the build. */
  const stated = (told: Told) =>
    under([line('Source'), line('Provenance')], async (world, of) => {
      const performedAt = new Date().toISOString();
      const built = provenance(aboutOf(of), performedAt, { builder: 'https://ci.example/builder', source: repository });
      await bring(world, of, { type: 'Provenance', performedAt, statement: signed(built, forge) });
      await bring(world, of, source(of, told));
      const seen = await judged(world, of, false);
      const verdict = gate(seen, 'Evidence');
      return {
        reached: verdict?.message.includes('Source about') === false,
        said: `${verdict?.reason}: ${verdict?.message}`,
      };
    });
  return { lock, signing, stated };
};

export const sourceAttacks = <W extends World>(ground: Ground): readonly Attack<W>[] => {
  const { lock, signing, stated } = waysOf(ground);
  const zoe = { author: 'zoe@example.com' };
  const ada = { author: 'Ada <ada@example.com>' };
  const [signingTwin, statedTwin] = [signing([zoe]), stated(zoe)];
  return (
    [
      ['who wrote a commit under a mail address signs under an account', signing([ada]), 'AuthorCannotSign: '],
      [
        'who wrote a commit under another account signs',
        signing([{ author: 'ADA-on-the-forge' }]),
        'AuthorCannotSign: ',
      ],
      ['who wrote a commit signs before the forge says so', signing([ada], 'Before'), 'AuthorCannotSign: '],
      ['a newer statement leaves out who signs', signing([ada, zoe]), 'AuthorCannotSign: '],
      [
        'who wrote a commit signs under an account that nobody connects with it',
        signing([{ author: 'eve@example.com' }]),
        'AuthorUnknown: ',
      ],
      [
        'authors are told by a key that the policy does not name',
        stated({ ...zoe, key: stranger }),
        'EvidenceNotSigned: ',
      ],
      [
        'authors of another content are told',
        stated({ ...zoe, digest: `sha256:${'c'.repeat(64)}` }),
        'StatementDiffers: ',
      ],
      ['authors of another commit are told', stated({ ...zoe, revision: 'd'.repeat(40) }), 'OriginNotAllowed: '],
      [
        'authors of another repository are told',
        stated({ ...zoe, repository: `${repository}-fork` }),
        'OriginNotAllowed: ',
      ],
    ] as const
  ).map(([name, act, denied]) => ({
    id: 'T66',
    name,
    act,
    denied,
    twin: denied.startsWith('Author') ? signingTwin : statedTwin,
    locks: [lock],
  }));
};
