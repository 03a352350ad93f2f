/** Releases: carries promotions and rollbacks of one package to their end, and rolls back what fails. */
import { apiVersion } from '../../api/kinds.ts';
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import { releaseStuck } from '../../decide/policy/stuck.ts';
import { packageRecord } from '../../decide/record/record.ts';
import { planRelease } from '../../decide/release/plan.ts';
import type { ReleaseSnapshot } from '../../decide/release/snapshot.ts';
import { keyOf } from '../../decide/objects.ts';
import { isStatusOnly } from '../../observe/changes.ts';
import type { Checks } from '../../observe/http-checks.ts';
import { policyIn } from '../../observe/lookup.ts';
import { observeRelease, type ReleaseFacts } from '../../observe/release.ts';
import type { Priority } from '../../work/queue.ts';
import type { Controller, Wake } from '../controller.ts';
import { activeRelease, activeReleasesIn, activeReleasesOf, activeReleasesOn, type ActiveRelease } from '../lookup.ts';

const one = (namespace: string, pkg: string, priority: Priority): Wake<'release'> => ({
  key: { controller: 'release', namespace, package: pkg },
  priority,
});

const wakes = (releases: readonly ActiveRelease[]): readonly Wake<'release'>[] =>
  releases.map(({ namespace, package: pkg, priority }) => one(namespace, pkg, priority));

/** Entries that may move what a package runs, is on its way to, or was ordered to go back to: others say nothing to a release. */
const releasing: ReadonlySet<LedgerEntrySpec['type']> = new Set([
  'PromotionStarted',
  'JobDone',
  'Promoted',
  'RollbackStarted',
  'RolledBack',
  'Rejected',
  'Refused',
]);

/** Checks run while there is something to judge by them. */
const followChecks = (checks: Checks, s: ReleaseSnapshot, now: number): void => {
  const { open, production } = packageRecord(s.record, s.package);
  const promoting = open?.type === 'Promotion';
  const observing = open === undefined && production?.how === 'Promoted' && now < production.observeUntil;
  const since = open?.toDigest ?? production?.digest ?? '';
  checks.follow(s.namespace, s.package, {
    since,
    checks: promoting || observing ? (s.policy?.spec.health.checks ?? []) : [],
  });
};

/** An Event is kept for an hour: while it lasts, there is always one. */
const stuckAgainMs = 600_000;

/** Works on one package of a production namespace. */
export const releaseController: Controller<'release', ReleaseSnapshot, keyof ReleaseFacts> = {
  name: 'release',
  priority: 'Rollback',
  // A rollback does not wait as long as routine does, whatever stands in its way.
  maxRetryMs: 10_000,
  triggers: {
    policies: (change, facts) => {
      const policy = change.new ?? change.old;
      return policy === undefined || isStatusOnly(change)
        ? []
        : wakes(activeReleasesIn(facts, policy.metadata.namespace));
    },
    nodes: (change, facts) => wakes(activeReleasesOn(facts, change)),
    namespaces: ({ key }, facts) => wakes(activeReleasesIn(facts, key)),
    records: ({ namespace, entry }, facts) => {
      if (entry === undefined) return [];
      // Everything that waited for the record goes on.
      const goesOn = entry.type === 'Resumed' && facts.records.get(namespace).broken === undefined;
      return [
        ...(goesOn ? wakes(activeReleasesIn(facts, namespace)) : []),
        ...(releasing.has(entry.type) && entry.package !== '' ? [one(namespace, entry.package, 'Rollback')] : []),
      ];
    },
    bundles: (change, facts) => {
      const bundle = (change.new ?? change.old)?.bundle;
      return bundle === undefined || bundle.package === ''
        ? []
        : wakes(activeRelease(facts, bundle.namespace, bundle.package));
    },
    objects: (change, facts) => {
      const object = change.new ?? change.old;
      return object === undefined ? [] : wakes(activeReleasesOf(facts, object.namespace, keyOf(object.ref)));
    },
    pods: (change, facts) => {
      const pod = change.new ?? change.old;
      return pod === undefined || pod.ownerKind === ''
        ? []
        : wakes(activeReleasesOf(facts, pod.namespace, `${pod.ownerKind}/${pod.ownerName}`));
    },
    checks: ({ namespace, package: pkg }, facts) => wakes(activeRelease(facts, namespace, pkg)),
    failing: { none: 'it is what this controller itself fails at' },
    refusedWrites: { none: 'a plan whose write was not taken is made again at once' },
    rollbacks: (change) => {
      const rollback = change.new ?? change.old;
      return rollback === undefined ? [] : [one(rollback.metadata.namespace, rollback.spec.package, 'Rollback')];
    },
    followed: ({ namespace }, facts) => (namespace === undefined ? [] : wakes(activeReleasesIn(facts, namespace))),
  },
  everything: (facts) => [
    ...(facts.rollbacks.in()?.list() ?? []).map(({ metadata, spec }) =>
      one(metadata.namespace, spec.package, 'Rollback'),
    ),
    ...facts.records.namespaces().flatMap((namespace) => wakes(activeReleasesIn(facts, namespace))),
  ],
  observe(facts, { namespace, package: pkg }, now) {
    const snapshot = observeRelease(facts, namespace, pkg);
    followChecks(facts.checks, snapshot, now);
    return snapshot;
  },
  plan: planRelease,
  stuck: releaseStuck,
  failing: (facts, { namespace, package: pkg }, why) => facts.failing.note(namespace, pkg, why),
  isRefused: ({ refused }) => [...refused.values()].some(({ isFinal }) => isFinal),
  refused(facts, { namespace, package: pkg }, failure) {
    const policy = policyIn(facts, namespace);
    if (policy === undefined) return undefined;
    const { name, uid } = policy.metadata;
    const regarding = { apiVersion, kind: 'ReleasePolicy', namespace, name, uid };
    if (failure === undefined)
      return {
        regarding,
        type: 'Normal',
        reason: 'ReleaseGoesOn',
        note: `package ${pkg}: no write is refused any more. Nothing needs to be done`,
        againMs: 0,
      };
    // A promotion goes back when a write is refused, and says so itself.
    if (packageRecord(facts.records.get(namespace), pkg).open?.type === 'Promotion') return undefined;
    return {
      regarding,
      type: 'Warning',
      reason: 'ReleaseStuck',
      note: `package ${pkg}: the API server refuses a write and it is tried again: ${failure.message}. A platform admin fixes what it names`,
      againMs: stuckAgainMs,
    };
  },
};
