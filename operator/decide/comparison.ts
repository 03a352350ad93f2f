/** A bundle and what it is compared with, for its signers; the comparing is done in `delta/compare.ts`, for megabytes of it take seconds. */
import type { DeltaEntry } from '../api/bundle.ts';
import type { ReleaseNotes } from '../api/release-notes.ts';
import type { Bundle, BundleObject, Irreversible, UnmanagedFields } from './bundle.ts';
import type { ObjectRef } from './objects.ts';

export interface Before {
  readonly objects: readonly BundleObject[];
  /** Production held them before any release of this package, so that not everybody who reads the delta may read them. */
  readonly foreign: boolean;
}

export interface DeltaHeading {
  readonly candidate: string;
  readonly version: string;
  readonly package: string;
  /** The production namespace. */
  readonly target: string;
  /** What it is compared with; `none` when production runs nothing of the package. */
  readonly base: string;
  readonly digest: string;
  /** A line of the candidate's own words. */
  readonly notes?: string;
  /** What it does with what an emergency changed; absent when it follows none up. */
  readonly followsUp?: string;
  /** What no rollback takes back, a line each. */
  readonly irreversible?: readonly string[];
  /** What the selector found and this release does not take, a line each. */
  readonly leftOut?: readonly string[];
  /** Where the content names the staging namespace, a line each. */
  readonly staging?: readonly string[];
  /** What staging holds and production cannot have twice, a line each. */
  readonly held?: readonly string[];
  /** What the content refers to and does not hold, and whose that is, a line each. */
  readonly needs?: readonly string[];
  /** What of it releases of other packages refer to, a line each. */
  readonly neededBy?: readonly string[];
  /** What production always keeps different, and what overlays change of what runs, a line each. */
  readonly overlays?: readonly string[];
  /** Whose pods are replaced because configuration that they read changes, a line each. */
  readonly restarts?: readonly string[];
  /** Which tags were pinned to what staging runs, and which images are left to an injector, a line each. */
  readonly images?: readonly string[];
  /** Whose replicas an autoscaler begins or ceases to decide, a line each. */
  readonly replicas?: readonly string[];
  /** How many fields are neither written nor compared. */
  readonly unmanaged: number;
  /** Shows everything, whatever the text does not (`showCommand`). */
  readonly command: string;
}

/** What people say of a release, and what becomes of it when its health fails. */
export interface NotesGiven {
  readonly notes: ReleaseNotes;
  readonly onFailure: Bundle['onFailure'];
}

export interface Comparison {
  /** What production runs, and the name of the bundle that it is; '' = nothing was released. */
  readonly before: Before & { readonly name: string };
  readonly after: Pick<Bundle, 'name' | 'objects'>;
  readonly removed: readonly ObjectRef[];
  readonly unmanaged: readonly UnmanagedFields[];
  readonly irreversible: readonly Irreversible[];
  /** All but the command that shows everything. */
  readonly heading: Omit<DeltaHeading, 'command'>;
  readonly given: NotesGiven;
}

/** What a bundle tells its signers, or that what must be shown is more than a bundle holds. */
export type Shown =
  | { readonly is: 'Shown'; readonly delta: readonly DeltaEntry[]; readonly deltaText: string; readonly notes: string }
  | { readonly is: 'TooLarge'; readonly bytes: number };

/** Of a bundle that nobody signs for. */
export const nothingShown: Shown = { is: 'Shown', delta: [], deltaText: '', notes: '' };
