import type { z } from 'zod';
import type { Kind } from './kinds.ts';
import type { CelRule } from './crd-extensions.ts';

/** A column of `kubectl get`. Priority 1 shows with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

/** Everything a CustomResourceDefinition is generated from. */
export interface Definition {
  readonly kind: Kind;
  /** What the kind is for; the first thing `kubectl explain` says. */
  readonly description: string;
  readonly schema: z.ZodType;
  /** Rules over the whole object: the only ones that see `metadata.name`. */
  readonly rules: readonly CelRule[];
  readonly columns: readonly PrinterColumn[];
  /** Fields that `kubectl get --field-selector` understands. */
  readonly selectableFields: readonly string[];
}

/** The last column of every listing. */
export const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
};
