/** The entries of the webhook configuration: each has a path of its own, so that the gate knows on whose behalf the API server asks. */

/**
 * What follows when the gate cannot judge: overloaded, too slow, or failing. `Refuse`: it says no, and why. `Fail`: it gives no verdict, and
 * the API server goes by the entry's `failurePolicy: Ignore`, as it does while no gate runs. `RefuseUnlessDead`: it says no, and only where no
 * gate answers does the API server go by `failurePolicy: Ignore`: what is judged there is proven by the gate, and whoever makes it busy must not
 * get past it. The chart's policies are the same; a test says so.
 */
export const entries = {
  writes: 'Refuse',
  observed: 'Fail',
  unlisted: 'Refuse',
  restorer: 'RefuseUnlessDead',
  consent: 'Refuse',
  policies: 'Refuse',
  records: 'Refuse',
  withdrawals: 'Refuse',
  orders: 'Fail',
  namespaces: 'Refuse',
  guarding: 'Fail',
  templates: 'Refuse',
} as const satisfies Record<string, 'Refuse' | 'Fail' | 'RefuseUnlessDead'>;

export type Entry = keyof typeof entries;

export const isEntry = (name: string): name is Entry => Object.hasOwn(entries, name);

/** Domain of the webhooks' names: `writes.gate.countersign.dev`. */
const domain = '.gate.countersign.dev';

/** The entry that a webhook of the configuration is; undefined for one that is not ours. */
export const entryOf = (webhook: string): Entry | undefined => {
  const name = webhook.endsWith(domain) ? webhook.slice(0, -domain.length) : '';
  return isEntry(name) ? name : undefined;
};
