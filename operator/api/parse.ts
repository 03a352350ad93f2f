import type { z } from 'zod';

/** An object read at the edge, or every reason why it is not one, each beginning with the field's path. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: string[] };

/** Makes the function that reads one kind. It never throws; unknown fields are dropped, defaults are filled in. */
export const parser =
  <S extends z.ZodType>(schema: S) =>
  (input: unknown): Parsed<z.infer<S>> => {
    const result = schema.safeParse(input);
    if (result.success) return { ok: true, value: result.data };
    return { ok: false, problems: result.error.issues.map(problem) };
  };

const problem = (issue: z.core.$ZodIssue): string => {
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${path.replace(/^\./, '') || 'object'}: ${issue.message}`;
};
