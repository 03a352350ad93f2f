/** What is said, wherever somebody waits, of a record that does not verify: what is wrong with it, and who can go on from there. */
import type { NamespaceRecord } from './record.ts';
import { resumable } from './resume.ts';

type Broken = Pick<NamespaceRecord, 'refused' | 'damaged'>;

export const brokenRecord = (namespace: string, why: string): string =>
  `the ledger of ${namespace} does not verify: ${why}`;

/** What happened to it; of what is only refused, where it says who signs for going on. */
export const brokenRemedy = (namespace: string, record: Broken): string => {
  const look = `Nothing is promoted, rolled back or pruned on a broken record; an auditor finds out what happened to it: kubectl get ledger -n ${namespace} -o json | node hack/ledger.ts`;
  return resumable(record) === undefined
    ? look
    : `${look}. Then somebody who holds an approval role signs for going on without that entry, by the command in: kubectl get relpol -n ${namespace} -o jsonpath='{.items[0].status.conditions[?(@.type=="Ready")].message}'`;
};

/** Both, as the message of a condition. */
export const brokenText = (namespace: string, why: string, record: Broken): string =>
  `${brokenRecord(namespace, why)}. ${brokenRemedy(namespace, record)}`;
