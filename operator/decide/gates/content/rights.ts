/** Does the release grant no right that a release may not grant? */
import type { JsonObject } from '../../../api/meta.ts';
import type { Bundle, BundleObject } from '../../bundle.ts';
import { forbiddenRights, roleFacts } from '../../emergency/role-limits.ts';
import { listAt, textAt } from '../../json/json.ts';
import { listed, objectNamed } from '../../messages.ts';
import { keyOf, kindIdOf, type ObjectRef } from '../../objects.ts';
import { grantPrefix } from '../../record/grant-names.ts';
import { visible } from '../../safe-text.ts';
import { newCandidate } from '../remedies.ts';
import { blocked, defineGate, passed, type Facts } from '../gate.ts';

const reads = ['candidate', 'bundle'] as const;

/** What of a Role no release grants, as people read it. */
const ofRole = (content: JsonObject): readonly string[] =>
  forbiddenRights(roleFacts('', content)).map((right) => `grants ${right}`);

/** The API server refuses the same (charts/countersign/templates/guard/rights.yaml), but for the names of ClusterRoles that the chart lists. */
const ofBinding = (content: JsonObject): readonly string[] =>
  listAt(content, 'subjects')
    .filter((subject) => textAt(subject, 'kind') !== 'ServiceAccount')
    .map(
      (subject) =>
        `binds ${textAt(subject, 'kind') ?? ''} ${textAt(subject, 'name') ?? ''}, and a release binds ServiceAccounts alone`,
    );

const rules: Readonly<Record<string, (content: JsonObject) => readonly string[]>> = {
  Role: ofRole,
  RoleBinding: ofBinding,
};

const named = ({ name }: ObjectRef): readonly string[] =>
  name.startsWith(grantPrefix) ? [`has a name that only emergency accesses have (${grantPrefix}…)`] : [];

/** What of an object no release grants, as people read it; undefined = nothing. */
export const ungrantable = (ref: ObjectRef, content: JsonObject): string | undefined => {
  const rule = kindIdOf(ref) === ref.kind && Object.hasOwn(rules, ref.kind) ? rules[ref.kind] : undefined;
  const why = rule === undefined ? [] : [...named(ref), ...rule(content)];
  return why.length === 0 ? undefined : `${objectNamed(keyOf(ref))} ${visible(why.join('; '))}`;
};

/** A Role of somebody else may grant what no release may, and may come to grant more after people have signed. */
const strangeRole = ({ ref, content }: BundleObject, { objects }: Bundle): string | undefined => {
  if (kindIdOf(ref) !== 'RoleBinding' || textAt(content, 'roleRef', 'kind') !== 'Role') return undefined;
  const name = textAt(content, 'roleRef', 'name') ?? '';
  return objects.some((object) => keyOf(object.ref) === `Role/${name}`)
    ? undefined
    : `${objectNamed(keyOf(ref))} binds to Role ${visible(name)}, which is not part of the release`;
};

/** What people do about it in a namespace. */
export const instead = (namespace: string): string =>
  `Name groups, resources and verbs one by one, without the right named, or leave the object out and ask a platform admin to grant it: kubectl create rolebinding -n ${namespace}`;

/** Rights that give rights, that reach past the namespace or that loosen a lock are given by administrators, and by no release. */
const judge = (s: Facts<typeof reads>) => {
  const found = [
    ...s.bundle.objects.flatMap(({ ref, content }) => ungrantable(ref, content) ?? []),
    ...s.bundle.objects.flatMap((object) => strangeRole(object, s.bundle) ?? []),
  ];
  if (found.length === 0) return passed('RightsGrantable', 'It grants no right that no release may grant');
  return blocked('RightNotGrantable', {
    message: `No release grants this: ${listed(found)}`,
    remedy: `${instead(s.candidate.spec.targetNamespace)}. ${newCandidate(s, 'without it')}`,
  });
};

export const rights = defineGate({
  name: 'Rights',
  asks: 'Does the release grant no right that a release may not grant?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: 'A release grants no right beyond those that the guard allows, whatever people sign.',
  judge,
});
