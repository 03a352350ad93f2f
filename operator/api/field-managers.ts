/** Names under which we write to the API server. */

/** Field managers of the two ServiceAccounts. */
export const fieldManagers = { operator: 'countersign-operator', restorer: 'countersign-restorer' } as const;
