/**
 * Refusals of the gate: each has a code, and says who may not do what, why, and what to do next. A code that is not here does not compile;
 * one that the gate never says does not belong here. What the admission policies of the chart say is in policy-denials.ts.
 */

import type { Denial } from './denial.ts';
import { policyWriteDenials } from './policy-write-denials.ts';
import { templateDenials } from './template-denials.ts';

const seeLedger = 'see what is under way: kubectl get ledger -n {{place}}';
const seeSignatures = 'see what was signed: kubectl get appr -n {{place}}';
const readLog = 'try again; if it lasts, a platform admin reads the log of countersign-gate';
const readGateLog = 'try again; if that does not help: kubectl logs -n {{home}} -l app.kubernetes.io/component=gate';

/** Every refusal of the gate, by code. */
export const denials = {
  ...templateDenials,
  OnlyByRelease: {
    who: 'anybody who changes production directly',
    what: '{{act}} in {{place}}',
    why: 'production changes by signed releases only',
    next: 'change it in {{source}} and stage a ReleaseCandidate: kubectl create -f <candidate>.yaml -n {{source}}',
  },
  KindNotReleased: {
    who: 'a person who writes an object of a kind that others define',
    what: '{{act}} in {{place}}',
    why: 'no release holds its kind, and people do not write it in production',
    next: 'have a platform admin name its controller in controlPlane.customControllers of the chart: helm upgrade --reuse-values',
  },
  NoSessions: {
    who: 'anybody who opens a session without emergency access',
    what: '{{act}} in {{place}}',
    why: 'nobody opens sessions into production',
    next: 'read logs: kubectl logs {{name}} -n {{place}}',
  },
  NotJudgedHere: {
    who: 'a caller whose request the gate does not judge',
    what: '{{act}} in {{place}}',
    why: 'the gate judges no such objects',
    next: 'a platform admin compares the webhooks of the chart with those of the cluster: kubectl get validatingwebhookconfigurations -o yaml',
  },
  PolicyMissing: {
    who: 'anybody in a guarded namespace without a ReleasePolicy',
    what: 'change {{place}}',
    why: 'it is guarded and has no ReleasePolicy',
    next: 'a platform admin creates one: kubectl create -f <policy>.yaml -n {{place}}',
  },
  RecordBroken: {
    who: 'anybody in a namespace whose record does not verify',
    what: 'change {{place}}',
    why: 'its record does not verify ({{broken}}), and nothing is admitted that could not be recorded',
    next: 'an auditor looks at it: kubectl get ledger -n {{place}}; who goes on from there, and how: kubectl describe relpol -n {{place}}',
  },

  OperateNeedsPerson: {
    who: 'a system identity that operates workloads',
    what: 'operate workloads of {{place}}',
    why: 'it is a system identity, and those may not operate',
    next: 'have a person do it',
  },
  OperateRightMissing: {
    who: 'a person without the right to operate',
    what: 'operate workloads of {{place}}',
    why: '{{missing}}',
    next: 'ask a platform admin for the right: kubectl create rolebinding {{caller}}-countersign-sre --clusterrole=countersign-sre --user={{caller}} -n {{place}}',
  },
  ScaleNotDeclared: {
    who: 'a holder of operate who scales a workload without bounds',
    what: 'scale {{object}} in {{place}}',
    why: 'the policy declares no bounds for it',
    next: 'release another number of replicas, or have a platform admin declare bounds in spec.operate.scale: kubectl edit relpol production -n {{place}}',
  },
  ScaleOutOfBounds: {
    who: 'a holder of operate who scales a workload beyond its bounds',
    what: 'scale {{object}} in {{place}} to {{to}}',
    why: 'the policy allows {{min}} to {{max}}',
    next: 'choose a number within, or have a platform admin widen spec.operate.scale: kubectl edit relpol production -n {{place}}',
  },
  FinalizerOfControlPlane: {
    who: 'a holder of operate who takes off a finalizer of the control plane',
    what: 'take {{finalizers}} off {{object}} in {{place}}',
    why: 'the control plane does, once what it waits for has happened',
    next: 'see what that is: kubectl describe {{object}} -n {{place}}',
  },
  JobOfApprovedCronJob: {
    who: 'a holder of operate who runs a Job that no released CronJob describes',
    what: 'create {{object}} in {{place}}',
    why: '{{difference}}',
    next: 'run the CronJob as it was released: kubectl create job <name> --from=cronjob/{{cronJob}} -n {{place}}',
  },
  PodNotOnDelete: {
    who: 'a holder of operate who deletes a pod that its controller replaces on its own',
    what: 'delete {{object}} in {{place}}',
    why: '{{owner}} is not of updateStrategy OnDelete, so its controller replaces its pods when that is due',
    next: 'restart it instead: kubectl rollout restart {{owner}} -n {{place}}',
  },

  AdministerNeedsPerson: {
    who: 'a system identity that administers a production namespace',
    what: '{{act}} in {{place}}',
    why: 'it is a system identity, and those may not administer',
    next: 'have a person do it',
  },
  AdministerRightMissing: {
    who: 'a person without the right to administer',
    what: '{{act}} in {{place}}',
    why: 'they do not hold the right to administer {{place}}',
    next: 'ask a cluster admin for the right: kubectl create rolebinding {{caller}}-countersign-admin --clusterrole=countersign-admin --user={{caller}} -n {{place}}',
  },
  ...policyWriteDenials,
  GuardedNamespaceStays: {
    who: 'anybody who deletes a guarded namespace',
    what: 'delete namespace {{place}}',
    why: 'it is guarded, and its record would go with it',
    next: 'release the removal of what runs there, package by package',
  },
  GuardNeverLoosened: {
    who: 'anybody who removes the guard of a namespace',
    what: 'take or loosen the guard of namespace {{place}}',
    why: 'a namespace that enforces stays guarded',
    next: 'leave its label countersign.dev/guarded as it is',
  },
  GuardOutsideProduction: {
    who: 'anybody who guards a namespace that cannot be production',
    what: 'have {{place}} guarded',
    why: 'never a kube- namespace, nor the one of Countersign, nor one that is being deleted',
    next: 'guard a production namespace: kubectl get releasepolicies -A',
  },
  NamespaceByController: {
    who: 'anybody but the namespace controller',
    what: 'write {{subresource}} of namespace {{place}}',
    why: 'the namespace controller does',
    next: 'see what it reports: kubectl describe namespace {{place}}',
  },
  BundleKept: {
    who: 'anybody who deletes a ReleaseBundle',
    what: 'delete {{plural}} {{name}} in {{place}}',
    why: 'rollbacks need bundles',
    next: 'lower spec.retain.bundles of the policy, and the operator deletes what is past it: kubectl edit relpol production -n {{place}}',
  },
  RecordKept: {
    who: 'anybody who deletes a part of the record',
    what: 'delete {{plural}} {{name}} in {{place}}',
    why: 'it is part of the record, and nothing is deleted before archives exist, which a later version brings',
    next: 'leave it there; for a copy outside the cluster: kubectl get {{plural}} -n {{place}} -o yaml',
  },

  ContentNotApproved: {
    who: 'the operator, or a GitOps tool, with other content than was signed for',
    what: '{{act}} in {{place}}',
    why: 'it departs from bundle {{bundle}} at {{paths}}',
    next: 'read what was signed for: kubectl get relbundle {{bundle}} -n {{place}} -o yaml',
  },
  ClaimsWouldGo: {
    who: 'the operator, or a GitOps tool, with a deletion that would take claims along',
    what: '{{act}} in {{place}}',
    why: 'its whenDeleted is Delete, and no signed release says that its claims go with it',
    next: 'stage a release that sets spec.persistentVolumeClaimRetentionPolicy.whenDeleted to Retain, or one that names the object in spec.irreversible',
  },
  NeverInProduction: {
    who: 'the operator, with a rollback to what never ran',
    what: 'go back to bundle {{bundle}} in {{place}}',
    why: 'production never ran it',
    next: seeLedger,
  },
  NotPartOfReleases: {
    who: 'the operator, or a GitOps tool, beside its releases',
    what: '{{act}} in {{place}}',
    why: 'no release does that',
    next: seeLedger,
  },
  JobIsDone: {
    who: 'the operator, or a GitOps tool, that makes a Job again which is complete',
    what: '{{act}} in {{place}}',
    why: 'the record says that it ran for this release and is complete, and a Job runs once per release',
    next: 'leave it as it is; to run it again, stage a ReleaseCandidate with another content. What ran: kubectl get ledger -n {{place}} --field-selector spec.type=JobDone',
  },
  JobNotComplete: {
    who: 'the operator, which lets go of a Job that is complete by the record and still runs',
    what: '{{act}} in {{place}}',
    why: 'the record says that it is complete, and the Job does not: somebody entered what is not so',
    next: 'the release goes back; look at who wrote the entry in the audit log, and end a stolen token as docs/operations.md says: kubectl get ledger -n {{place}} --field-selector spec.type=JobDone',
  },
  NoReleaseUnderWay: {
    who: 'the operator, or a GitOps tool, without an open release that holds the object',
    what: '{{act}} in {{place}}',
    why: 'no release that is under way says so',
    next: 'stage a ReleaseCandidate and have it signed; then see: kubectl get ledger -n {{place}}',
  },
  ReleaseEnded: {
    who: 'the operator, or a GitOps tool, under a promotion that is being taken back',
    what: '{{act}} in {{place}}',
    why: 'the promotion of {{candidate}} was {{how}} and goes back',
    next: seeLedger,
  },
  ConsentMissing: {
    who: 'the operator, or a GitOps tool, with a promotion that not everybody signed for',
    what: 'carry out the promotion of {{candidate}} in {{place}}',
    why: '{{missing}}',
    next: seeSignatures,
  },
  ReturnNotSigned: {
    who: 'the operator, or a GitOps tool, with a rollback to what nobody signed for',
    what: '{{act}} in {{place}} {{whereTo}}',
    why: '{{missing}}',
    next: seeSignatures,
  },

  EmergencyNotOpen: {
    who: 'a grantee whose emergency access is not open yet',
    what: '{{act}} in {{place}}',
    why: 'emergency access {{emergency}} is not open yet',
    next: 'wait until it is: kubectl get ea {{emergency}} -n {{place}} --watch',
  },
  EmergencyOver: {
    who: 'a grantee whose emergency access is over',
    what: '{{act}} in {{place}}',
    why: 'emergency access {{emergency}} is over ({{ended}})',
    next: 'make the fix permanent with a ReleaseCandidate that has spec.followsUp: {{emergency}}: kubectl create -f <candidate>.yaml -n {{source}}; or have an SRE grant a new one: kubectl create -f <emergencyaccess>.yaml -n {{place}}',
  },
  EmergencyActNotCovered: {
    who: 'a grantee who does what emergency access does not cover',
    what: '{{act}} in {{place}}',
    why: 'emergency access {{emergency}} does not cover that',
    next: 'see what it covers: kubectl auth can-i --list -n {{place}}; for the rest, stage a ReleaseCandidate',
  },
  EmergencySecretType: {
    who: 'a grantee who writes a Secret that is an identity',
    what: '{{act}} in {{place}}',
    why: 'a Secret of type {{type}} is an identity, and no emergency hands those out',
    next: 'use a Secret of another type',
  },
  EmergencyLifetime: {
    who: 'a grantee who changes finalizers or owners',
    what: '{{act}} in {{place}} this way',
    why: 'metadata.finalizers and metadata.ownerReferences decide when an object goes, and emergency access {{emergency}} does not cover them',
    next: `leave both as they are; a finalizer that holds up a deletion is taken off by a holder of operate: kubectl patch {{object}} -n {{place}} --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]'`,
  },
  EmergencyNeverChanges: {
    who: 'anybody who changes an EmergencyAccess otherwise than by revoking it',
    what: '{{act}} in {{place}}',
    why: 'it stays as it was granted',
    next: `end it: kubectl patch ea {{name}} -n {{place}} --type=merge -p '{"spec":{"revoked":true}}'; and have an SRE grant a new one`,
  },
  EmergencyUnreadable: {
    who: 'a grantor whose EmergencyAccess does not fit its definition',
    what: '{{act}} in {{place}}',
    why: '{{problems}}',
    next: 'correct it: kubectl explain emergencyaccess.spec',
  },
  GrantorForged: {
    who: 'a person who grants in the name of another',
    what: 'grant in the name of {{grantor}} in {{place}}',
    why: 'the API server stamps the grantor',
    next: 'leave spec.grantor out',
  },
  GrantNotVerified: {
    who: 'the operator, with a Role or binding that no live emergency access is made of',
    what: '{{act}} in {{place}}',
    why: '{{difference}}',
    next: 'see what was granted: kubectl get ea -n {{place}}',
  },

  GateUnavailable: {
    who: 'anybody whose request cannot be judged now',
    what: '{{act}} in {{place}} now',
    why: '{{obstacle}}',
    next: readLog,
  },
  GateBusy: {
    who: 'anybody while the gate judges as many requests as it may',
    what: '{{act}} in {{place}} now',
    why: 'the gate already judges {{judging}} requests',
    next: readGateLog,
  },
  GateTooSlow: {
    who: 'anybody whose request took too long to judge',
    what: '{{act}} in {{place}} now',
    why: 'the gate could not judge it within {{limit}} ms',
    next: readGateLog,
  },
  GateFailed: {
    who: 'anybody whose request the gate met an error with',
    what: '{{act}} in {{place}} now',
    why: 'the gate met an error while it judged the request',
    next: readGateLog,
  },
} as const satisfies Record<string, Denial>;

export type DenialCode = keyof typeof denials;
