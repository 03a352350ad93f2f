/** What the status of an object says of its health: by the rule of its kind, or by the conditions that kstatus gives a meaning to. */
import { kindRow } from '../manifest/kinds/index.ts';
import { byConditions, progressing } from '../manifest/kinds/shared/health.ts';
import type { Instant, LiveObject } from '../objects.ts';
import type { Health } from './types.ts';

/** `since`: when the release began; what a status reports from before is not its doing. */
export const rolloutHealth = (object: LiveObject, since: Instant): Health =>
  object.deleting
    ? progressing('Terminating', 'it is being deleted')
    : (kindRow(object.ref)?.health ?? byConditions)(object, since);
