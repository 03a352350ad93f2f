/** What people say of a release. */
import { z } from 'zod';
import { asOne } from './crd-extensions.ts';
import { written, writtenLine } from './schemas.ts';

/** What people may leave out; empty when absent. */
export const optional = (max: number) => written(max).default('');

const lines = z.array(writtenLine(1024).min(1)).max(200).default([]).meta(asOne);

export const releaseNotes = z.object({
  summary: optional(1024).describe('What the release is, in a sentence or two.'),
  changes: lines.describe('What it changes, one change a line.'),
  dependencies: lines.describe('What it needs: other releases, databases, feature flags. Write "none" for none.'),
  installation: optional(16384).describe(
    'What people must do or watch while it is installed. Write "none" for nothing.',
  ),
  rollbackPlan: optional(16384).describe('What is rolled back automatically, and what people must do besides.'),
  analysis: optional(16384).describe(
    'Why the release before it failed, and why this one does not. Required after a rollback of the package.',
  ),
});
export type ReleaseNotes = z.infer<typeof releaseNotes>;
