/** What leaves the server: texts without characters that move others around or show as nothing, as in the terminal. */
import { printable } from '../../operator/decide/safe-text.ts';
import { toFailure } from '../../operator/kube/failures.ts';
import { problemOf } from '../api-problem.ts';
import { Problem } from '../exit.ts';
import type { ProblemModel } from './models.ts';

const clean = (_: string, value: unknown): unknown =>
  typeof value === 'string' ? value.split('\n').map(printable).join('\n') : value;

/** As JSON. Lines stay lines; every other control or format character is written as `\u{…}`. */
export const cleanJson = (model: unknown): string => JSON.stringify(model, clean);

/** What the terminal would say. */
export const problemModel = (error: unknown): ProblemModel => {
  const { message, next = '' } = error instanceof Problem ? error : problemOf(error, false);
  return { message, next };
};

/** Whether the same question may be answered in a moment. */
export const passes = (error: unknown): boolean =>
  !(error instanceof Problem) && ['Unavailable', 'Throttled'].includes(toFailure(error).kind);
