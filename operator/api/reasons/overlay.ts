/** Reasons about overlays: those of their gate, and why one cannot be laid over what staging holds. */
import { entry, type ReasonEntry } from './entry.ts';

export const overlayReasons = {
  OverlayKeepsWhatRuns: entry(
    ['Overlay'],
    'The overlay of the candidate changes no image, and nothing that decides by which command staging ran.',
  ),
  OverlayAllowed: entry(
    ['Overlay'],
    'The overlay of the candidate changes what runs, and the policy allows that (overlayMay).',
  ),
  OverlayChangesWhatRuns: entry(
    ['Overlay'],
    'The overlay of the candidate changes an image, or what decides by which command it runs, so that production would run what staging never ran.',
    'Change it in staging and leave it out of spec.overlay, then create a new candidate; or a platform admin allows it in overlayMay of the policy.',
  ),

  OverlayRefused: entry(
    ['Staged', 'Stalled'],
    'An overlay cannot be applied: a directive that is not known, a pointer that leads nowhere, a test that fails, an item without its key.',
    'Correct the item that the message names, in the candidate by a new candidate, in the policy by a platform admin.',
  ),
  OverlayWithoutEffect: entry(
    ['Staged', 'Stalled'],
    'An item of the overlay of the candidate changes nothing: production would not differ from staging as its author believes.',
    'Take the item out, or correct it, in a new candidate.',
  ),
  OverlayChanged: entry(
    ['Staged', 'Stalled'],
    'The overlay of the policy has changed since the candidate was staged, and staging no longer holds what was staged, so its content cannot be made again.',
    'Restore the named objects in staging, or create a new candidate that replaces this one.',
  ),
} as const satisfies Record<string, ReasonEntry>;
