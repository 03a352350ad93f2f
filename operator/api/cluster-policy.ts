/** `ClusterReleasePolicy`: what many production namespaces have in common, and each may only tighten. */
import { z } from 'zod';
import { asSet, celRules } from './crd-extensions.ts';
import { age, type Definition } from './definition.ts';
import { clusterEnvelope } from './meta.ts';
import { parser } from './parse.ts';
import { releasePolicySpec } from './policy.ts';

type Bare<S> = S extends z.ZodDefault<infer I> | z.ZodPrefault<infer I> | z.ZodOptional<infer I> ? Bare<I> : S;
type Said<S> =
  S extends z.ZodObject<infer Shape> ? z.ZodObject<{ [K in keyof Shape]: z.ZodOptional<Said<Bare<Shape[K]>>> }> : S;

/** What absence means in a policy is not what it means in a template. */
const withoutAbsence = (text: string): string => text.replaceAll(/ (Absent|Empty)(, or longer)?: [^.]*\./g, '');

const bare = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? bare(schema.unwrap() as z.ZodType) // oxlint-disable-line typescript/no-unsafe-type-assertion -- what zod wraps is a type of zod
    : schema;

const fieldsOf = (object: z.ZodObject): readonly [string, z.ZodType][] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the members of a shape are types of zod
  Object.entries(object.shape) as [string, z.ZodType][];

/** A field of the policy that need not be said, and then is nothing; so with the fields of objects in it. Items of lists are whole. */
const said = <S extends z.ZodType>(schema: S): z.ZodOptional<Said<Bare<S>>> => {
  const inner = bare(schema);
  const { description = '', ...meta } = { ...inner.meta(), ...schema.meta() };
  const fields =
    inner instanceof z.ZodObject
      ? z.object(Object.fromEntries(fieldsOf(inner).map(([name, each]) => [name, said(each)])))
      : inner;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `Said` says
  return fields.optional().meta({ ...meta, description: withoutAbsence(description) }) as unknown as z.ZodOptional<
    Said<Bare<S>>
  >;
};

const of = releasePolicySpec.shape;

/** What a namespace may have, and its absence is the tightest: a template that says nothing of it cannot mean that. */
const forbidden = ['exceptions', 'expedited', 'emergency'] as const;

const clusterReleasePolicySpec = z
  .object({
    gitOpsWriters: said(of.gitOpsWriters),
    trustedAutomation: said(of.trustedAutomation),
    approvals: said(of.approvals),
    approvalValidFor: said(of.approvalValidFor),
    candidateValidFor: said(of.candidateValidFor),
    people: said(of.people),
    notes: said(of.notes),
    changeTicket: said(of.changeTicket),
    soak: said(of.soak),
    stagingHold: said(of.stagingHold),
    restartOnConfigChange: said(of.restartOnConfigChange),
    images: said(of.images),
    injected: said(of.injected),
    overlayMay: said(of.overlayMay),
    evidence: said(of.evidence),
    trustedRoots: said(of.trustedRoots),
    minor: said(of.minor),
    exceptions: said(of.exceptions),
    changes: said(of.changes),
    windows: said(of.windows),
    freezes: said(of.freezes),
    expedited: said(of.expedited),
    unmanagedFields: said(of.unmanagedFields),
    platformWriters: said(of.platformWriters),
    stagingReferences: said(of.stagingReferences),
    unlistedKinds: said(of.unlistedKinds),
    operate: said(of.operate),
    health: said(of.health),
    emergency: said(of.emergency),
    reviewOverdue: said(of.reviewOverdue),
    forbids: z
      .array(z.enum(forbidden))
      .max(forbidden.length)
      .optional()
      .meta(asSet)
      .describe('What a namespace may not have at all: exceptions, the hotfix lane (expedited), emergency access.'),
  })
  .meta(
    // A root that each namespace gave itself would let each choose who signs what is demanded here.
    celRules({
      rule: '!has(self.evidence) || self.evidence.all(e, !has(e.signedBy) || e.signedBy.all(s, !has(s.identity) || has(self.trustedRoots) && self.trustedRoots.exists(r, r.name == s.identity.root)))',
      message:
        'identity.root of a signer in spec.evidence names no entry of spec.trustedRoots: correct it, or add that entry',
    }),
  );
export type ClusterReleasePolicySpec = z.infer<typeof clusterReleasePolicySpec>;

const clusterReleasePolicy = z.object({
  ...clusterEnvelope('ClusterReleasePolicy'),
  spec: clusterReleasePolicySpec.describe(
    'What is demanded at least. A field that is absent is each namespace’s own matter. It may be tightened, and never loosened: to loosen, make another one.',
  ),
});
export type ClusterReleasePolicy = z.infer<typeof clusterReleasePolicy>;

export const parseClusterReleasePolicy = parser(clusterReleasePolicy);

export const clusterReleasePolicyDefinition: Definition = {
  kind: 'ClusterReleasePolicy',
  description:
    'What many production namespaces demand of a release at least: a ReleasePolicy that names it in spec.inherits may only tighten it.',
  schema: clusterReleasePolicy,
  rules: [],
  columns: [
    { name: 'Soak', type: 'string', jsonPath: '.spec.soak', description: 'The soak that is demanded at least.' },
    age,
  ],
  selectableFields: [],
};
