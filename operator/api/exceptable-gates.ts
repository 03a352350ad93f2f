/** The gates that an exception can pass. Each gate says in its own file why it is one of them, or why it is not. */

/** In the order in which gates are shown. `decide/gates/gates.ts` compiles only with exactly those whose file says so. */
export const exceptableGates = [
  'Notes',
  'ChangeTicket',
  'StagingHealthy',
  'StagingReferences',
  'Soak',
  'Evidence',
  'Window',
  'Freeze',
] as const;
export type ExceptableGate = (typeof exceptableGates)[number];
