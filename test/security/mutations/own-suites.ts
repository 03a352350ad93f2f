/** The policies that hold Countersign itself, beside those of the guard. Their world is that of own-world.ts. */
import { attackChecks, dryRun, type WorldCheck } from '../../admission-policies/world/check.ts';
import { ofEnds, ofEntries, ofRows, ofStamp } from '../../admission-policies/custody/check-custody.ts';
import { ofConfinement, prepareConfinement } from '../../admission-policies/custody/check-confinement.ts';
import { ofSingle } from '../../admission-policies/custody/check-single.ts';
import { marks } from '../../admission-policies/installation/check-marks.ts';
import {
  ofImpersonation,
  ofInstallation,
  ofInstallationRights,
  ofInstallationUnlisted,
} from '../../admission-policies/installation/check-installation.ts';
import { ofStaging, ofWritersElsewhere } from '../../admission-policies/custody/check-staging.ts';
import { ofElsewhereStamp, ofInstallationStamp, ofKindStamp } from '../../admission-policies/custody/check-stamps.ts';
import { ofWritersStamp } from '../../admission-policies/custody/check-stamp-writers.ts';
import { ofWriters } from '../../admission-policies/custody/check-writers.ts';
import { installationAttacks } from '../../admission-policies/installation/installation-list.ts';
import { stagedPodsAttacks, unaffected } from '../../admission-policies/custody/staged-pods-list.ts';
import { tableChecks } from '../../admission-policies/installation/installation-table.ts';
import type { Mutant } from './mutate.ts';
import type { BoundCheck, Suite } from './suite.ts';
import { isPlural, makers } from '../../admission-policies/world/custody-world.ts';
import { harmless, nodesAttacks, reach } from '../../admission-policies/installation/nodes-list.ts';
import { fresh } from '../../support/attack/objects.ts';
import { startOwnWorld, type OwnWorld } from '../../admission-policies/world/own-world.ts';

type OwnCheck = WorldCheck<OwnWorld>;

interface Checks {
  /** Shown by tests of their own, too. */
  readonly shown: (text: string) => readonly OwnCheck[];
  readonly own: readonly OwnCheck[];
}

const ofNodes: readonly OwnCheck[] = [
  ...harmless.map((path) => ({
    name: `a kubelet says of itself ${path}`,
    passes: async (world: OwnWorld) => (await reach(world, 'GET', path)).reached,
  })),
  {
    name: 'what else is in no namespace goes on',
    passes: async ({ as }) =>
      (await as('attacker').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: fresh('new') } }, dryRun))
        .ok,
  },
];

const ofStagedPods: readonly OwnCheck[] = Object.entries(unaffected).map(([name, act]) => ({
  name,
  passes: async (world) => (await act(world)).reached,
}));

const attacksOn = (policy: string): readonly OwnCheck[] =>
  attackChecks(policy, [...installationAttacks, ...nodesAttacks, ...stagedPodsAttacks]);

/** Of the policies that mutate. */
const stamps: Readonly<Record<string, readonly OwnCheck[]>> = {
  ...Object.fromEntries(
    (
      [
        'approvals',
        'evidence',
        'policychanges',
        'policyexceptions',
        'rollbacks',
        'emergencyaccesses',
        'releasecandidates',
      ] as const
    ).map((plural) => [`stamp-${plural}`, ofKindStamp(plural)]),
  ),
  'stamp-installation': ofInstallationStamp,
  'stamp-writers': ofWritersStamp,
  'stamp-writers-elsewhere': ofElsewhereStamp,
};

/** By the name of the policy without what all have in common. */
const checks: Readonly<Record<string, Checks>> = {
  installation: {
    shown: (text) => [...tableChecks(text), ...attacksOn('countersign-installation')],
    own: ofInstallation,
  },
  'installation-rights': { shown: () => attacksOn('countersign-installation-rights'), own: ofInstallationRights },
  'installation-unlisted': {
    shown: () => attacksOn('countersign-installation-unlisted'),
    own: ofInstallationUnlisted,
  },
  impersonation: { shown: () => attacksOn('countersign-impersonation'), own: ofImpersonation },
  nodes: { shown: () => attacksOn('countersign-nodes'), own: ofNodes },
  'staged-pods': { shown: () => [], own: ofStagedPods },
  staging: { shown: () => [], own: ofStaging },
  writers: { shown: () => [], own: ofWriters },
  'writers-elsewhere': { shown: () => [], own: ofWritersElsewhere },
  ...Object.fromEntries(
    Object.entries(stamps).map(([topic, own]): readonly [string, Checks] => [topic, { shown: () => [], own }]),
  ),
};

/** Policies that the rows of custody show: of our kinds, which must be asked apart from what they are made with, and others. */
const custodyTopics: readonly string[] = [
  'clusterreleasepolicies',
  'definitions',
  'minutes',
  ...Object.keys(makers),
  'confinement',
];

export const ownTopics: readonly string[] = [...Object.keys(checks), ...custodyTopics];

/** Checks of our kinds make candidates and bundles, and the programs write where production is: those wait for the others. What is stamped is shown to those who refuse it otherwise. */
const turnOf = (topic: string): number =>
  topic in stamps ? 3 : ['releasecandidates', 'confinement'].indexOf(topic) + 1;

/** Words of a mutant's name that a check's name has too. */
const likeness = ({ name }: OwnCheck, words: ReadonlySet<string>): number =>
  name.split(/\W+/).filter((word) => words.has(word.toLowerCase())).length;

const ordered = (world: OwnWorld, topic: string, { name, about, part }: Mutant): readonly OwnCheck[] => {
  const { shown, own } = checksOf(topic, world);
  const words = new Set(
    about
      .toLowerCase()
      .split(/\W+/)
      .filter((word) => word.length > 3),
  );
  const first = /^(variable (listed|cleanup|node )|without (rule|resource|\w+ of))/.test(name) ? shown(about) : [];
  const rest = [...own, ...shown(about)].toSorted((a, b) => likeness(b, words) - likeness(a, words));
  const mark = marks(topic);
  const all = part === 'binding' ? [...mark, ...first, ...rest] : [...first, ...rest, ...mark];
  return [...new Map(all.map((check) => [check.name, check])).values()];
};

/** Of our kinds the rows of custody show most. */
const ofCustody = (topic: string, { custody }: OwnWorld): readonly OwnCheck[] => [
  ...ofRows(topic, custody),
  ...(isPlural(topic) ? [...ofEnds(topic, custody), ...ofStamp(topic)] : []),
  ...(topic === 'ledgerentries' ? ofEntries : []),
  ...(topic === 'confinement' ? ofConfinement : []),
  ...(ofSingle[topic] ?? []),
];

const checksOf = (topic: string, world: OwnWorld): Checks =>
  checks[topic] ?? { shown: () => [], own: ofCustody(topic, world) };

/** Starts a world, and what the checks need in it. */
export async function startOwnSuites(
  topics: readonly string[],
): Promise<{ readonly world: OwnWorld; readonly suites: readonly Suite[] }> {
  const world = await startOwnWorld();
  if (topics.includes('confinement')) await prepareConfinement(world);
  const bound = (list: readonly OwnCheck[]): readonly BoundCheck[] =>
    list.map(({ name, passes }) => ({ name, passes: () => passes(world) }));
  const suites = topics.map((topic) => ({
    topic,
    policy: `countersign-${topic}`,
    kind: topic in stamps ? ('MutatingAdmissionPolicy' as const) : ('ValidatingAdmissionPolicy' as const),
    turn: turnOf(topic),
    checks: (mutant: Mutant) => bound(ordered(world, topic, mutant)),
    own: bound([...checksOf(topic, world).own, ...attacksOn(`countersign-${topic}`), ...marks(topic)]),
  }));
  return { world, suites };
}
