/** Times as the API server and policies write them. */
import type { Instant } from '../objects.ts';

/** Times of the API server have whole seconds: what happened within this one may have happened after `instant`. */
export const secondOf = (instant: Instant): Instant => Math.floor(instant / 1000) * 1000;

/** `90s`, as durations are written in a policy. */
export const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 1000)}s`;
