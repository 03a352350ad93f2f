/** Findings: looks at every change of production, and records those that nothing explains. */
import { installation } from '../../api/kinds.ts';
import { holdKind } from '../../decide/record/holds.ts';
import { planWatch } from '../../decide/findings/plan.ts';
import type { WatchSnapshot } from '../../decide/findings/snapshot.ts';
import { observeFindings, type FindingsFacts } from '../../observe/findings.ts';
import type { Controller, NoTrigger, Wake } from '../controller.ts';
import { explaining, productions } from '../lookup.ts';

/** Whether a change is explained is looked at when there is time, together with what else changes. */
const one = (namespace: string): Wake<'findings'> => ({
  key: { controller: 'findings', namespace },
  priority: 'Resync',
  soon: true,
});

const marked: NoTrigger = { none: 'A change marks what it concerns in dirtyObjects, and that wakes.' };

/** Works on one production namespace as a whole. */
export const findingsController: Controller<'findings', WatchSnapshot, keyof FindingsFacts> = {
  name: 'findings',
  priority: 'Normal',
  triggers: {
    dirtyObjects: ({ namespace }) => [one(namespace)],
    policies: marked,
    namespaces: marked,
    objects: marked,
    pods: marked,
    secrets: marked,
    watched: marked,
    guarded: marked,
    installed: marked,
    records: ({ namespace, entry }) => (entry === undefined || explaining.has(entry.type) ? [one(namespace)] : []),
    approvals: (change, facts) => {
      const approval = change.new ?? change.old;
      if (approval === undefined) return [];
      const { kind } = approval.spec.subject;
      if (kind === installation.kind) return productions(facts).map(one);
      return kind === 'Finding' || kind === 'LedgerEntry' || kind === holdKind
        ? [one(approval.metadata.namespace)]
        : [];
    },
    followed: ({ namespace }) => (namespace === undefined ? [] : [one(namespace)]),
    failing: { none: 'It is what this controller itself fails at.' },
    bundles: { none: 'A bundle is there before what it explains is written, and what is written is marked.' },
    home: { none: 'It never changes.' },
  },
  everything: (facts) => productions(facts).map(one),
  observe: (facts, { namespace }) => observeFindings(facts, namespace),
  plan: planWatch,
  failing: (facts, { namespace }, why) => facts.failing.note(namespace, '', why),
};
