/** Has production every Secret and ConfigMap that the content refers to? */
import type { Reason } from '../../../api/reasons.ts';
import { objectAt } from '../../json/json.ts';
import { keyOf } from '../../objects.ts';
import { newCandidate } from '../remedies.ts';
import { references } from '../../manifest/config-references.ts';
import { mayMakeSecrets, secretsMadeBy } from '../../manifest/secrets-made.ts';
import { runsNothing } from '../../manifest/pod-spec.ts';
import { listed, objectNamed } from '../../messages.ts';
import type { KeysByName } from '../snapshot.ts';
import type { Reference } from '../../manifest/kinds/shared/kind.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';

const reads = ['candidate', 'policy', 'target', 'bundle', 'secrets', 'configMaps'] as const;
type Seen = Facts<typeof reads>;

/** ConfigMaps as they will be: those of the release are what the release makes of them, and what it drops is gone. */
const configMapsAfter = ({ bundle, configMaps }: Seen): KeysByName => {
  const dropped = new Set(bundle.removed.filter(({ kind }) => kind === 'ConfigMap').map(({ name }) => name));
  const shipped = new Map(
    bundle.objects.filter(({ ref }) => ref.kind === 'ConfigMap').map((object) => [object.ref.name, object]),
  );
  return {
    get(name) {
      const object = shipped.get(name);
      if (object === undefined) return dropped.has(name) ? undefined : configMaps.get(name);
      return new Set(['data', 'binaryData'].flatMap((field) => Object.keys(objectAt(object.content, field))));
    },
  };
};

interface Missing extends Reference {
  readonly reason: Reason;
  readonly by: string;
}

const reasons = {
  Secret: { object: 'SecretMissing', key: 'SecretKeyMissing' },
  ConfigMap: { object: 'ConfigMapMissing', key: 'ConfigMapKeyMissing' },
} as const;

const missing = (s: Seen): readonly Missing[] => {
  const there: Record<Reference['kind'], KeysByName> = { Secret: s.secrets, ConfigMap: configMapsAfter(s) };
  return s.bundle.objects.flatMap((object) =>
    (runsNothing(object.ref) ? [] : references(object.content)).flatMap((reference): readonly Missing[] => {
      const keys = there[reference.kind].get(reference.name);
      const by = objectNamed(keyOf(object.ref));
      if (keys === undefined) return [{ ...reference, reason: reasons[reference.kind].object, by }];
      if (reference.key === undefined || keys.has(reference.key)) return [];
      return [{ ...reference, reason: reasons[reference.kind].key, by }];
    }),
  );
};

const named = ({ kind, name, key, reason, by }: Missing): string =>
  reason === reasons[kind].key ? `key ${key} of ${kind} ${name} for ${by}` : `${kind} ${name} for ${by}`;

const remedyFor = (s: Seen, { kind, name, key, reason }: Missing): string => {
  if (kind === 'ConfigMap') return newCandidate(s, `that has ConfigMap ${name} among its components, complete`);
  const keeper = `A holder of keepsecrets (ClusterRole countersign-secrets-keeper) in ${s.target.name}`;
  if (reason === 'SecretKeyMissing')
    return `${keeper} adds key ${key}: kubectl create secret generic ${name} -n ${s.target.name} --from-file=${key}=<file> --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -`;
  return `${keeper} creates it: kubectl create secret generic ${name} -n ${s.target.name}${key === undefined ? '' : ` --from-file=${key}=<file>`}`;
};

/** Who makes which Secrets once the release is there, or whenever they like: an object of the package, or a declared writer. */
const makersOf = ({ bundle, policy }: Seen): ReadonlyMap<string, string> =>
  new Map([
    ...policy.spec.platformWriters
      .filter(({ kind }) => kind === 'Secret')
      .flatMap(({ identity, names }) => names.map((name) => [name, identity] as const)),
    ...bundle.objects
      .filter(({ ref }) => mayMakeSecrets(ref))
      .flatMap(({ ref, content }) => secretsMadeBy(content).map((name) => [name, objectNamed(keyOf(ref))] as const)),
  ]);

/** Secrets are never copied from staging, so that production must have its own; only names and keys are looked at. */
const judge = (s: Seen) => {
  const makers = makersOf(s);
  const isComing = ({ kind, name }: Missing): boolean => kind === 'Secret' && makers.has(name);
  const [coming, all] = [missing(s).filter(isComing), missing(s).filter((each) => !isComing(each))];
  const [first] = all;
  if (first === undefined && coming.length > 0) {
    const named = [...new Set(coming.map(({ name }) => `Secret ${name}, which ${makers.get(name) ?? ''} makes`))];
    return passed('SecretsComing', `Production lacks nothing but ${listed(named)}`);
  }
  if (first === undefined)
    return passed('SecretsPresent', 'Production has every Secret and ConfigMap that the content refers to');
  return blocked(first.reason, {
    message: `${s.target.name} lacks ${listed([...new Set(all.map(named))])}`,
    remedy: [...new Set(all.map((each) => remedyFor(s, each)))].join('; '),
  });
};

export const secretsPresent = defineGate({
  name: 'SecretsPresent',
  asks: 'Has production every Secret and key that the content refers to?',
  reads,
  rejudgedAtAdmission:
    'The webhook has no right to read Secrets of production; pods that lack one fail, and the release is rolled back.',
  exceptable: 'A Secret that is missing is not there by a signature: pods would fail.',
  judge,
});
