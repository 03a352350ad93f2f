/** What is said, wherever somebody waits, of a record that does not verify: what is wrong with it, and who can go on from there. */

export const brokenRecord = (namespace: string, why: string): string =>
  `the ledger of ${namespace} does not verify: ${why}`;

export const brokenRemedy = (namespace: string): string =>
  `Nothing is promoted, rolled back or pruned on a broken record; an auditor finds out what happened to it: kubectl get ledger -n ${namespace} -o json | node hack/ledger.ts`;

/** Both, as the message of a condition. */
export const brokenText = (namespace: string, why: string): string =>
  `${brokenRecord(namespace, why)}. ${brokenRemedy(namespace)}`;
