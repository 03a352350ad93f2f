import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { customResourceDefinition } from '../../hack/generate/crd.ts';
import { structural } from '../../hack/generate/structural.ts';
import { definitions } from './definitions.ts';
import { kinds } from './kinds.ts';
import { asOne } from './crd-extensions.ts';

test('every kind has a definition', () => {
  expect(definitions.map(({ kind }) => kind).sort()).toEqual(Object.keys(kinds).sort());
});

test.each(definitions)('$kind is structural, bounded and described', ({ schema }) => {
  expect(() => structural(schema)).not.toThrow();
});

describe('what a CRD cannot hold is refused, naming the field', () => {
  const refused: Record<string, z.ZodType> = {
    'a union': z.union([z.string(), z.int()]).describe('x'),
    'no type': z.unknown().describe('x'),
    'no description': z.string().max(3),
    'an unbounded string': z.string().describe('x'),
    'an unbounded integer inside a list': z.array(z.number()).max(3).meta(asOne).describe('x'),
    'an unbounded list': z.array(z.string().max(3)).meta(asOne).describe('x'),
    'a list without a list type': z.array(z.string().max(3)).max(3).describe('x'),
    'an unbounded map': z.record(z.string(), z.string().max(3)).describe('x'),
    'closed objects': z.strictObject({}).describe('x'),
    'a pattern that is not RE2': z
      .string()
      .max(3)
      .regex(/(?=a)a/)
      .describe('x'),
    'a refinement': z
      .string()
      .max(3)
      .refine(() => true)
      .describe('x'),
    'a transformation': z.string().max(3).transform(Number).describe('x'),
    'a tuple': z.tuple([z.string().max(3)]).describe('x'),
  };

  test.each(Object.entries(refused))('%s', (_, field) => {
    const schema = z.object({ spec: z.object({ field }).describe('x') });
    expect(() => structural(schema)).toThrow(/spec[.→ properties]*field/);
  });
});

test.each(definitions)('$kind: every rule says what to type instead, and fits on a screen', ({ schema, rules }) => {
  const messages = [...JSON.stringify(structural(schema)).matchAll(/"message":"((?:[^"\\]|\\.)*)"/g)].map(
    ([, text]) => text,
  );
  for (const message of [...messages, ...rules.map((rule) => rule.message)]) {
    expect(message).toMatch(/^[a-z].{20,200}$/i);
    expect(message).not.toMatch(/\.$/);
  }
});

const columnsOf = (kind: string) => {
  const definition = definitions.find((each) => each.kind === kind);
  return definition?.columns.map(({ name, priority }) => (priority === 1 ? `${name} (wide)` : name));
};

describe('listing', () => {
  test.each([
    ['ReleaseCandidate', ['Package', 'Version', 'Phase', 'Approvals', 'Objects', 'Digest (wide)', 'Reason', 'Age']],
    ['Approval', ['Subject', 'Role', 'Approver', 'Decision', 'Digest (wide)', 'Age']],
    ['LedgerEntry', ['Type', 'Actor', 'Subject', 'Package (wide)', 'Digest (wide)', 'Reason', 'Time']],
  ])('%s shows %j', (kind, columns) => {
    expect(columnsOf(kind)).toEqual(columns);
  });

  test.each(definitions)(
    'every column and field selector of $kind is a field of it',
    ({ schema, columns, selectableFields }) => {
      const root = structural(schema);
      const paths = [...columns.map(({ jsonPath }) => jsonPath), ...selectableFields];
      for (const path of paths.filter((each) => !each.startsWith('.metadata.') && !each.includes('['))) {
        const found = path
          .slice(1)
          .split('.')
          .reduce<typeof root | undefined>((node, name) => node?.properties?.[name], root);
        expect(found).toBeDefined();
      }
    },
  );
});

test('a kind without status has no status subresource', () => {
  const subresources = definitions.map((definition) => [
    definition.kind,
    'subresources' in (customResourceDefinition(definition).spec.versions[0] ?? {}),
  ]);
  expect(Object.fromEntries(subresources)).toEqual({
    ReleasePolicy: true,
    ClusterReleasePolicy: false,
    ReleaseCandidate: true,
    ReleaseBundle: false,
    Approval: false,
    Evidence: false,
    Rollback: true,
    EmergencyAccess: true,
    PolicyException: true,
    PolicyChange: true,
    LedgerEntry: false,
  });
});
