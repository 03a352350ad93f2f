/** A kind that the chart's value `kinds` declares: one row of data, and everything that may be wrong with it. */
import { z } from 'zod';
import { compile } from '../../../expressions/cel.ts';
import { kindIdOf } from '../../../objects.ts';
import { builtInKinds } from '../built-in.ts';
import { resourceName } from '../shared/kind.ts';

const name = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';

/** Names joined by dots, `*` for every item of a list, other names quoted: `spec.rules.*.host`, `metadata.annotations['a.b/c']`. */
const step = String.raw`(?:[A-Za-z0-9_-]+|\*)`;
const quoted = String.raw`\['[A-Za-z0-9._/-]+'\]`;
const fieldPattern = new RegExp(`^${step}(?:\\.${step}|${quoted})*$`);

const field = z
  .string()
  .max(256)
  .regex(fieldPattern, "write a field such as spec.rules.*.host, or metadata.annotations['a.b/c']");
const fields = z.array(field).max(32).default([]);

const expression = z.string().check(({ value, issues }) => {
  const compiled = compile(value);
  if (!compiled.ok) {
    issues.push({
      code: 'custom',
      input: value,
      message: `${compiled.problem}; write an expression of CEL over metadata, spec and status that gives true or false, such as status.phase == 'Ready'`,
    });
  }
});

/** Sorts of change that a kind may have; the others are found out by comparing. */
const risks = ['rights', 'image', 'command', 'configuration', 'identity', 'network', 'storage', 'scale'] as const;

const health = z.strictObject({
  current: expression,
  failed: expression.optional(),
  inProgress: expression.optional(),
});

/** Of Kubernetes itself, or ours: their kinds are known without their group. */
const isOwn = (group: string): boolean => kindIdOf({ kind: 'Any', apiVersion: `${group}/v1` }) === 'Any';

const row = z.strictObject({
  group: z
    .string()
    .max(253)
    .regex(new RegExp(`^${name}(\\.${name})+$`), 'write the group of the definition, such as example.com')
    .refine((group) => !isOwn(group), 'kinds of Kubernetes itself are built in or never released; remove the row'),
  kind: z
    .string()
    .max(63)
    .regex(/^[A-Z][A-Za-z0-9]*$/, 'write spec.names.kind of the definition, such as Widget'),
  resource: z
    .string()
    .max(63)
    .regex(new RegExp(`^${name}$`), 'write spec.names.plural of the definition, such as widgets'),
  versions: z
    .array(
      z
        .string()
        .max(63)
        .regex(new RegExp(`^${name}$`), 'write a version that the definition serves, such as v1'),
    )
    .min(1)
    .max(8),
  wave: z.enum(['Foundation', 'Workloads', 'Scaling', 'Traffic']).default('Foundation'),
  prune: z.enum(['WithPromotion', 'AfterObservation']).default('WithPromotion'),
  serverOwned: fields,
  immutable: z.strictObject({ fields, rollback: z.enum(['Leave', 'Replace']).default('Leave') }).prefault({}),
  namespaces: fields,
  secrets: fields,
  configMaps: fields,
  risk: z.record(field, z.enum(risks)).default({}),
  scaled: z.boolean().default(false),
  pods: z
    .strictObject({
      hashLabel: z
        .string()
        .max(317)
        .regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'write the name of a label'),
    })
    .optional(),
  emergency: z.boolean().default(false),
  health: health.optional(),
});

/** A row with everything filled in that it leaves out. */
export type DeclaredKind = z.infer<typeof row>;

export const declaredRows = z
  .array(row)
  .max(100)
  .check(({ value, issues }) => {
    const [seen, labels] = [new Set<string>(), new Set(builtInKinds.map(({ podHashLabel }) => podHashLabel))];
    for (const [place, { group, kind, resource, versions, pods }] of value.entries()) {
      const definition = `${resource}.${group}`;
      const refuse = (path: string, message: string): void =>
        void issues.push({ code: 'custom', input: value, path: [place, path], message });
      if (seen.has(definition))
        refuse('resource', `${definition} has a row already; write one row for each definition`);
      const id = kindIdOf({ kind, apiVersion: `${group}/${versions[0] ?? ''}` });
      if (builtInKinds.some((each) => kindIdOf(each) === id || resourceName(each) === definition)) {
        refuse('kind', `${definition} is built in; remove the row`);
      }
      if (pods !== undefined && labels.has(pods.hashLabel)) {
        refuse(
          'pods',
          `pods with the label ${pods.hashLabel} belong to another kind; write a label that only controllers of this kind set, or leave pods out`,
        );
      }
      seen.add(definition);
      labels.add(pods?.hashLabel);
    }
  });

/** The steps of a field that a row names. */
export const stepsOf = (text: string): readonly string[] =>
  [...text.matchAll(/\['(?<quoted>[^']+)'\]|(?<plain>[A-Za-z0-9_*-]+)/g)].map(
    ({ groups }) => groups?.['quoted'] ?? groups?.['plain'] ?? '',
  );
