/** Names under which we write to the API server. */

/** Field managers of the two ServiceAccounts. */
/** Of dry runs that ask what becomes of a content: the gate is not asked about them. */
export const trialManager = 'countersign-trial';

export const fieldManagers = { operator: 'countersign-operator', restorer: 'countersign-restorer' } as const;
