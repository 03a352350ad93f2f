/**
 * How a zod schema carries what only Kubernetes understands. `hack/generate.ts` copies these keys into the CRD;
 * zod itself ignores them, so a rule is judged by the API server alone.
 */

/** A CEL rule of the API server. `message` is what the user reads: it says what to type instead. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** `.meta(celRules({rule, message}, …))` puts CEL rules on a schema. */
export const celRules = (...rules: CelRule[]): { 'x-kubernetes-validations': CelRule[] } => ({
  'x-kubernetes-validations': rules,
});

/** `.meta(mapBy('kind', 'name'))`: a list whose items are told apart, and merged, by these keys; twins are refused. */
export const mapBy = (
  ...keys: string[]
): { 'x-kubernetes-list-type': 'map'; 'x-kubernetes-list-map-keys': string[] } => ({
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
});

/** `.meta(asSet)`: a list of different strings. */
export const asSet = { 'x-kubernetes-list-type': 'set' } as const;

/** `.meta(asOne)`: a list that is replaced as a whole. */
export const asOne = { 'x-kubernetes-list-type': 'atomic' } as const;

/** `.meta(keepsUnknown)`: an object of which the API server knows no field. No CEL rule sees into it. */
export const keepsUnknown = { 'x-kubernetes-preserve-unknown-fields': true } as const;

/** Marks a schema whose zod pattern is spelled in one of its CEL rules, so that the user reads that rule's message. */
export const patternInRule = 'x-countersign-pattern-in-rule';

/** The specs that record an act: what was written at creation stays. */
export const neverChanges = (instead: string): CelRule => ({
  rule: 'self == oldSelf',
  message: `spec cannot be changed after creation: ${instead}`,
});
