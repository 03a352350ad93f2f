/** What production keeps different from staging, as candidates and policies say it. */
import { z } from 'zod';
import { asOne, celRules, keepsUnknown } from './crd-extensions.ts';
import type { Json } from './meta.ts';
import { free, groupAgrees, groupName, groupVersion, kindName, objectName } from './schemas.ts';

/**
 * What the patches of an overlay hold together at most: the API server refuses more (charts/countersign/templates/custody/_overlay.tpl), for
 * a schema says nothing of fields that it does not know. Levels and items of each patch and list; values and characters of all patches.
 */
export const overlayBounds = { levels: 20, items: 1_000, values: 2_000, characters: 1_000_000 } as const;

/** A pattern and no rule of ours: in lists in lists a rule for each would cost the API server too much. */
const pointer = z
  .string()
  .max(1024)
  .regex(/^\/([^~]|~0|~1)*$/);

const operation = z
  .object({
    op: z.enum(['add', 'remove', 'replace', 'move', 'copy', 'test']).describe('What is done.'),
    path: pointer.describe(
      'Where, as a JSON pointer: names and places each after a /, such as /spec/rules/0/host, with ~1 for / and ~0 for ~; - is the place behind the last item of a list.',
    ),
    from: pointer.optional().describe('Where the value of move and copy comes from. Absent for the others.'),
    value: z
      .custom<Json>()
      .optional()
      .meta(keepsUnknown)
      .describe('What add and replace write, and test expects. Absent for the others.'),
  })
  .meta(
    celRules({
      rule: "(self.op in ['move', 'copy']) == has(self.from)",
      message: 'from goes with move and copy, and with nothing else: add it there, and leave it out elsewhere',
    }),
  );

/** The object, and what is different in it: a patch of either sort. */
export const overlayItem = {
  kind: kindName.describe('The kind of the component.'),
  name: objectName.describe('Its name.'),
  group: groupName,
  apiVersion: groupVersion
    .optional()
    .describe('Its group and version. Needed only for a kind that exists in several groups; absent: the usual one.'),
  patch: z
    .record(z.string(), z.custom<Json>())
    .meta({ ...keepsUnknown, minProperties: 1 })
    .optional()
    .describe(
      `What is different, as kubectl patch takes it: maps merge, null removes a field, and lists merge by the keys of the API (containers and env by name); a list without keys is replaced as a whole. $patch: delete in an item removes it, $patch: replace in a map replaces it. It cannot change kind, name, namespace or status. At most ${overlayBounds.levels} levels deep, ${overlayBounds.items} items in a list, and in all patches together ${overlayBounds.values} values and ${overlayBounds.characters} characters. Absent: jsonPatch says it.`,
    ),
  jsonPatch: z
    .array(operation)
    .min(1)
    .max(100)
    .optional()
    .meta(asOne)
    .describe(
      'What is different, as JSON Patch (RFC 6902): operations in their order, all of them or none. The precise way where patch would replace a whole list. Absent: patch says it.',
    ),
};

/** One sort of patch: which of two goes first is nobody’s guess. */
export const oneSort = celRules(groupAgrees, {
  rule: 'has(self.patch) != has(self.jsonPatch)',
  message: 'say what is different exactly once: either patch, or jsonPatch',
});

export const overlay = z.object(overlayItem).meta(oneSort);
export type OverlayItem = z.infer<typeof overlay>;

/** What an item changes, whichever sort it is. */
export const patchOf = ({ patch, jsonPatch }: Pick<OverlayItem, 'patch' | 'jsonPatch'>): Json =>
  patch ??
  (jsonPatch ?? []).map(({ op, path, from, value }) => ({
    op,
    path,
    ...(from === undefined ? {} : { from }),
    ...(value === undefined ? {} : { value }),
  }));

/** A field that an overlay changes, as a bundle has it beside the object. */
export const overlaidField = {
  field: free(512).describe('The path of the field.'),
  what: z
    .enum(['Image', 'Command', 'Other'])
    .describe('Whether it is an image, decides by which command what runs, or is anything else.'),
  by: z.enum(['Policy', 'Candidate']).describe('Whose overlay changes it.'),
  from: free(512)
    .default('')
    .describe(
      'What staging has, cut at 500 characters. Empty: nothing; of Other also what is long or called a credential.',
    ),
  to: free(512)
    .default('')
    .describe(
      'What production gets, cut at 500 characters. Empty: nothing; of Other also what is long or called a credential.',
    ),
};
