/** Do the accounts of the release hold in production the rights beyond the release that they hold in staging? */
import type { ReleaseCandidate } from '../../../api/candidate.ts';
import type { Bundle } from '../../bundle.ts';
import { forbiddenRights, type RoleFacts } from '../../emergency/role-limits.ts';
import { textAt } from '../../json/json.ts';
import { podSpecsOf, runsNothing } from '../../manifest/pod-spec.ts';
import { listed, shellWord } from '../../messages.ts';
import { keyOf } from '../../objects.ts';
import { visibleAscii } from '../../safe-text.ts';
import { accountName, accountsOf, bindingOf, rightsLacking, subjectsOf, type Binding } from '../bindings.ts';
import { blocked, defineGate, passed, type Facts } from '../gate.ts';

const reads = ['candidate', 'target', 'bundle', 'bindings'] as const;
type Seen = Facts<typeof reads>;

/** A binding that accounts have in staging, and what of it their namesakes in production lack. */
interface Lack {
  readonly binding: Binding;
  readonly accounts: readonly string[];
  /** As people read them; none = it is not known what the role gives. */
  readonly rights: readonly string[];
}

/** ServiceAccounts that the release holds, and that its pods run under. */
const accountsIn = ({ objects }: Bundle): ReadonlySet<string> =>
  new Set(
    objects.flatMap(({ ref, content }) => {
      if (keyOf(ref).startsWith('ServiceAccount/')) return [ref.name];
      if (runsNothing(ref)) return [];
      return podSpecsOf(content).map((spec) => textAt(spec, 'serviceAccountName') ?? 'default');
    }),
  );

/** RoleBindings of staging are components, or left out on purpose; Roles of the namespace go with the release. */
const isComponents = ({ namespace, name, role }: Binding, { metadata, spec }: ReleaseCandidate): boolean =>
  namespace === metadata.namespace &&
  (role.kind === 'Role' || spec.leaveOut.some((each) => each.kind === 'RoleBinding' && each.name === name));

/** What the account of staging is bound to by its name or that of its namespace. What binds every account of the cluster binds production's, too. */
const boundInStaging = ({ bindings, candidate, target }: Seen, account: string): readonly Binding[] => {
  const { namespace } = candidate.metadata;
  return bindings
    .of([accountName(namespace, account), accountsOf(namespace)])
    .filter((binding) => binding.namespace !== target.name && !isComponents(binding, candidate));
};

/** Where production needs a binding of staging. */
const placeOf = ({ namespace }: Binding, { candidate, target }: Seen): string =>
  namespace === candidate.metadata.namespace ? target.name : namespace;

/** What the account of production will be bound to once the release is there. */
const boundInProduction = ({ bindings, bundle, target }: Seen, account: string): readonly Binding[] => {
  const subjects = subjectsOf(target.name, account);
  const own = new Set([...bundle.objects.map(({ ref }) => ref), ...bundle.removed].map(keyOf));
  const inRelease = bundle.objects
    .filter(({ ref }) => keyOf(ref).startsWith('RoleBinding/'))
    .flatMap(({ content }) => bindingOf(content) ?? [])
    .filter((binding) => binding.subjects.some((each) => subjects.includes(each)))
    .map((binding) => ({ ...binding, namespace: target.name }));
  const others = bindings
    .of(subjects)
    .filter(({ namespace, name }) => namespace !== target.name || !own.has(`RoleBinding/${name}`));
  return [...inRelease, ...others];
};

/**
 * @param bound what production's account will be bound to
 * @returns undefined when that gives everything that this binding gives
 */
const lackOf = (s: Seen, binding: Binding, account: string, bound: readonly Binding[]): Lack | undefined => {
  const place = placeOf(binding, s);
  const held = bound.filter(({ namespace }) => namespace === '' || namespace === place);
  const { kind, name } = binding.role;
  if (held.some(({ role }) => role.kind === kind && role.name === name)) return undefined;
  const role = kind === 'ClusterRole' ? s.bindings.clusterRole(name) : undefined;
  if (role === undefined) return { binding, accounts: [account], rights: [] };
  const roles = held.flatMap((each): readonly RoleFacts[] => {
    const found = each.role.kind === 'ClusterRole' ? s.bindings.clusterRole(each.role.name) : undefined;
    return found === undefined ? [] : [found];
  });
  const rights = rightsLacking(role, roles, binding.namespace === '' ? 'Cluster' : 'Namespace');
  return rights.length === 0 ? undefined : { binding, accounts: [account], rights };
};

/** By binding: one command gives it to all accounts. */
const lacksOf = (s: Seen): readonly Lack[] => {
  const found = new Map<string, Lack>();
  for (const account of [...accountsIn(s.bundle)].toSorted()) {
    const inStaging = boundInStaging(s, account);
    // Most accounts hold nothing beyond the release, and nothing has to be compared for them.
    const bound = inStaging.length === 0 ? [] : boundInProduction(s, account);
    for (const binding of inStaging) {
      const lack = lackOf(s, binding, account, bound);
      if (lack === undefined) continue;
      const key = `${binding.namespace}/${binding.name}`;
      const known = found.get(key);
      found.set(key, {
        binding,
        accounts: [...(known?.accounts ?? []), account],
        rights: [...new Set([...(known?.rights ?? []), ...lack.rights])],
      });
    }
  }
  return [...found.values()];
};

const kindOf = ({ namespace }: Binding): string => (namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding');

const inPlace = (namespace: string): string => (namespace === '' ? '' : ` -n ${namespace}`);

const told = ({ binding, accounts, rights }: Lack): string => {
  const where = binding.namespace === '' ? '' : ` of ${binding.namespace}`;
  const what = rights.length === 0 ? '' : ` (${listed(rights)})`;
  return visibleAscii(
    `ServiceAccount ${listed(accounts)} lacks ${binding.role.kind} ${binding.role.name}${what}, which ${kindOf(binding)} ${binding.name}${where} gives in staging`,
  );
};

const lackText = (lacks: readonly Lack[]): string => listed(lacks.map(told));

/** A name that no binding has there, so that the command can be typed as it is. */
const freeName = (s: Seen, { name }: Binding, place: string): string => {
  const base = `${name}-${s.target.name}`;
  const candidates = [base, ...Array.from({ length: 100 }, (_, index) => `${base}-${index + 2}`)];
  return candidates.find((each) => !s.bindings.isTaken(place, each)) ?? base;
};

const commandFor = (s: Seen, { binding, accounts }: Lack): string => {
  const place = placeOf(binding, s);
  const subjects = accounts.map((account) => `--serviceaccount=${s.target.name}:${account}`).join(' ');
  const role = `--${binding.role.kind.toLowerCase()}=${shellWord(binding.role.name)}`;
  return `kubectl create ${kindOf(binding).toLowerCase()} ${shellWord(freeName(s, binding, place))} ${role} ${subjects}${inPlace(place)}`;
};

/** The other way out: staging is to have no more than production will have. */
const withdrawn = ({ binding }: Lack): string =>
  `kubectl edit ${kindOf(binding).toLowerCase()} ${shellWord(binding.name)}${inPlace(binding.namespace)}`;

const reading: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** Rights of a role that let its holder read Secrets, as people read them. */
const secretsRead = ({ rules }: RoleFacts): readonly string[] =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.includes('') && resources.includes('secrets')
      ? verbs.filter((verb) => reading.has(verb)).map((verb) => `${verb} secrets`)
      : [],
  );

/** Somebody who may bind a role in staging has not thereby a say in who holds it in production. undefined = a release might grant it. */
const danger = (s: Seen, { binding }: Lack): string | undefined => {
  const { kind, name } = binding.role;
  const role = kind === 'ClusterRole' ? s.bindings.clusterRole(name) : undefined;
  if (role === undefined) return `${kind} ${name}: what it gives is not known here`;
  const strong = [...new Set([...secretsRead(role), ...forbiddenRights(role)])];
  return strong.length === 0
    ? undefined
    : `${kind} ${name} reads Secrets or holds rights that no release may grant (${listed(strong)})`;
};

const describing = ({ binding: { role, namespace } }: Lack): string =>
  `kubectl describe ${role.kind.toLowerCase()} ${shellWord(role.name)}${role.kind === 'Role' ? inPlace(namespace) : ''}`;

/** What an administrator reads before anything that could be typed. */
const warnings = (s: Seen, lacks: readonly Lack[]): { readonly message: string; readonly remedy: string } => {
  const dangerous = lacks.flatMap((lack) => {
    const why = danger(s, lack);
    return why === undefined ? [] : [{ lack, why }];
  });
  if (dangerous.length === 0) return { message: '', remedy: '' };
  const commands = dangerous.slice(0, mostCommands).map(({ lack }) => describing(lack));
  return {
    message: `${visibleAscii(`Read before giving it: ${listed([...new Set(dangerous.map(({ why }) => why))])}`)}. `,
    remedy: `Read first what it gives: ${[...new Set(commands)].join('; ')}; who made the binding in staging is in the audit log of the API server. `,
  };
};

const mostCommands = 5;

/**
 * Bindings of the cluster are made by its administrators, and those of staging by whoever stages. Anybody may be let make bindings in a namespace of
 * their own, and a release waits for none of them.
 */
const isForeign = ({ candidate }: Seen, { binding: { namespace } }: Lack): boolean =>
  namespace !== '' && namespace !== candidate.metadata.namespace;

/** Told to those who look: the program may need it, or somebody has named its account. */
const elsewhere = (s: Seen, lacks: readonly Lack[]) => {
  const warning = warnings(s, lacks);
  const commands = lacks.slice(0, mostCommands).map((lack) => commandFor(s, lack));
  const told = `In ${s.target.name}, ${lackText(lacks)}. No release waits for what is bound in a namespace of others. If the program needs it, an administrator of that namespace gives production the same. ${warning.remedy}${commands.join('; ')}`;
  return passed('ClusterRightsElsewhere', `${warning.message}${visibleAscii(told)}`);
};

const judge = (s: Seen) => {
  const all = lacksOf(s);
  const lacks = all.filter((lack) => !isForeign(s, lack));
  const [first] = lacks;
  if (first === undefined) {
    return all.length > 0
      ? elsewhere(s, all)
      : passed('ClusterRightsPresent', 'The accounts of the release hold in production what they hold in staging');
  }
  const more = lacks.length - mostCommands;
  const warning = warnings(s, lacks);
  return blocked('ClusterRightsMissing', {
    message: `${warning.message}In ${s.target.name}, ${lackText(lacks)}. No release holds such a binding`,
    remedy: visibleAscii(
      `${warning.remedy}A cluster administrator gives production the same: ${lacks
        .slice(0, mostCommands)
        .map((lack) => commandFor(s, lack))
        .join(
          '; ',
        )}${more > 0 ? `; ${more} more are named once these are there` : ''}. If the program does not need it, they take it from staging, too: ${withdrawn(first)}`,
    ),
  });
};

export const clusterRights = defineGate({
  name: 'ClusterRights',
  asks: 'Do the ServiceAccounts of the release hold in production the rights beyond the release that they hold in staging?',
  reads,
  rejudgedAtAdmission:
    'The webhook keeps no copy of bindings; what an account lacks shows in its pods, and the release is rolled back.',
  exceptable: 'What an account may not do does not become allowed by a signature: its pods would fail.',
  judge,
});
