/** `Rollback`: an order to go back, now. */
import { z } from 'zod';
import { age, type Definition } from './definition.ts';
import { conditions, envelope, identity, observedGeneration } from './meta.ts';
import { parser } from './parse.ts';
import { celRules, neverChanges } from './crd-extensions.ts';
import { written, objectName, packageName } from './schemas.ts';

const rollbackSpec = z
  .object({
    package: packageName.describe('The package that goes back, as a whole.'),
    to: objectName
      .optional()
      .describe(
        'The bundle to go back to: one that production ran before, or its baseline. Absent: the one before the present one; where production has gone back already, it has to be named.',
      ),
    reason: written(1024)
      .min(1)
      .describe('Why; it goes into the record and into the notes that the next release must answer.'),
    requester: identity.describe('Who orders it. Stamped by the API server; leave it out.'),
  })
  .meta(celRules(neverChanges('create a new Rollback')));

const rollbackStatus = z.object({
  observedGeneration,
  conditions,
  from: objectName.optional().describe('The bundle that production ran when it began. Absent until it began.'),
  to: objectName.optional().describe('The bundle it goes back to. Absent until it began.'),
});
export type RollbackStatus = z.infer<typeof rollbackStatus>;

export const rollback = z.object({
  ...envelope('Rollback'),
  spec: rollbackSpec.describe('The order. It never changes.'),
  status: rollbackStatus.optional().describe('What was observed. A report, never an authority.'),
});
export type Rollback = z.infer<typeof rollback>;

export const parseRollback = parser(rollback);

export const rollbackDefinition: Definition = {
  kind: 'Rollback',
  description:
    'An order to take a package back to an earlier bundle, now: no window, freeze or signature holds it. Created in the production namespace.',
  schema: rollback,
  rules: [],
  columns: [
    { name: 'Package', type: 'string', jsonPath: '.spec.package', description: 'What goes back.' },
    { name: 'To', type: 'string', jsonPath: '.status.to', description: 'The bundle it goes back to.' },
    { name: 'Requester', type: 'string', jsonPath: '.spec.requester.username', description: 'Who ordered it.' },
    {
      name: 'Finished',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Finished")].reason',
      description: 'How it ended; empty while it has not.',
    },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why it was ordered.', priority: 1 },
    age,
  ],
  selectableFields: ['.spec.package'],
};
