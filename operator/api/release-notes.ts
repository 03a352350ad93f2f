/** What people say of a release. */
import { z } from 'zod';
import { asOne } from './crd-extensions.ts';
import { written, writtenLine } from './schemas.ts';

/** What people may leave out; empty when absent. */
export const optional = (max: number) => written(max).default('');

const lines = z.array(writtenLine(1024).min(1)).max(200).default([]).meta(asOne);

export const releaseNotes = z.object({
  summary: optional(1024).describe('What the release is, in a sentence or two.'),
  changes: lines.describe('What it changes, one change a line. What changes of which object is computed.'),
  dependencies: lines.describe(
    'What it needs beside the objects that it refers to, which are computed: databases, feature flags.',
  ),
  installation: optional(16384).describe(
    'What people must do or watch while it is installed. Write "none" for nothing.',
  ),
  rollbackPlan: optional(16384).describe(
    'What people must do besides when it is rolled back. What goes back automatically, and what cannot, is computed.',
  ),
  analysis: optional(16384).describe(
    'Why the release before it failed, and why this one does not. Required after a rollback of the package.',
  ),
});
export type ReleaseNotes = z.infer<typeof releaseNotes>;
