/** Refusals of the policies that keep records and orders: candidates, bundles, approvals, emergency accesses, policies, ledger. */
import { rightDenials, type PolicyDenial } from './denial.ts';

const lookForToken =
  'the program never does this, so somebody else holds its token: look for {caller} in the audit log of the API server, and end its tokens: kubectl delete serviceaccount {variables.program} -n {{home}}, then helm upgrade';

export const recordDenials: Readonly<Record<string, PolicyDenial>> = {
  StampIsCaller: {
    who: 'anybody whose object was changed between the stamp and the check',
    says: 'spec.{{field}} says {object.spec.{{field}}.username}, but the caller is {caller}; the API server stamps it, and something changed it afterwards',
    next: 'find the mutating webhook or policy: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies',
  },
  StatusByOperator: {
    who: 'anybody but the operator who writes the status of an object of Countersign',
    says: 'status is a report of the operator, and {caller} is not the operator',
    next: 'change what the status reports on; kubectl describe shows what that is',
  },
  NoForgedOwners: {
    who: 'anybody who sets owners of an object of Countersign',
    says: '{caller} may not set metadata.ownerReferences; a forged owner would have the garbage collector delete this object',
    next: 'leave metadata.ownerReferences as it is',
  },
  NoForgedFinalizers: {
    who: 'anybody who sets or removes finalizers of an object of Countersign',
    says: '{caller} may not set or remove metadata.finalizers; they hold an object while its release is in flight',
    next: 'leave metadata.finalizers as it is, and wait: kubectl wait --for=condition=Finished',
  },
  SpecNeverChanges: {
    who: 'anybody who changes what was signed for, or is part of the record',
    says: '{caller} may not change spec; it is what people signed for',
    next: '{{instead}}',
  },
  MetadataNeverChanges: {
    who: 'anybody who changes labels or annotations of a record',
    says: '{caller} may not change labels or annotations of a record',
    next: 'create another object; this one stays as it was written',
  },
  RecordKept: {
    who: 'anybody who deletes a part of the record',
    says: '{caller} may not delete {request.resource.resource} {oldObject.metadata.name} in {place}: it is part of the record, and nothing is deleted before archives exist, which a later version brings',
    next: 'leave it there; for a copy outside the cluster: kubectl get {request.resource.resource} -n {place} -o yaml',
  },
  OverlayNotTooMany: {
    who: 'the author of an overlay of too many values',
    says: '{caller} may not {{doing}}: spec.overlay holds more than {{most}} values in all patches together',
    next: 'put into the staged objects what is the same in production, leave it out of spec.overlay, and {{again}}',
  },
  OverlayNotTooDeep: {
    who: 'the author of an overlay that is nested too deep',
    says: '{caller} may not {{doing}}: a patch in spec.overlay is nested more than {{most}} levels deep, which no kind that can be promoted is',
    next: 'take what is nested so deep out of spec.overlay, and {{again}}',
  },
  OverlayNotTooLong: {
    who: 'the author of an overlay with a list that is too long',
    says: '{caller} may not {{doing}}: a list of a patch in spec.overlay has more than {{most}} items',
    next: 'put the list into the staged object, leave it out of spec.overlay, and {{again}}',
  },
  OverlayNotTooLarge: {
    who: 'the author of an overlay that is too large',
    says: '{caller} may not {{doing}}: names and texts in spec.overlay have more than {{most}} characters together',
    next: 'put large texts into staged ConfigMaps of their own, leave them out of spec.overlay, and {{again}}',
  },
  OverlayOperationWhole: {
    who: 'the author of an overlay with an operation that is not whole',
    says: '{caller} may not {{doing}}: in spec.overlay, an operation of jsonPatch lacks value, or has one that it does not take',
    next: 'write value with add, replace and test, and with nothing else, and {{again}}',
  },
  InstallationSignedAtHome: {
    who: 'an approver who signs for the installation somewhere else, or for something else there',
    says: '{caller} signs for {object.spec.subject.kind} in {place}; the installation is signed for in {{home}}, and nothing else is',
    next: 'kubectl create it in the namespace that its manifest names',
  },
  BundleByOperator: {
    who: 'anybody but the operator who writes a bundle',
    says: '{caller} may not write bundles; the operator renders them from staging',
    next: 'kubectl create a ReleaseCandidate in the staging namespace',
  },
  BundleKept: {
    who: 'anybody but the operator who deletes a bundle',
    says: '{caller} may not delete releasebundles {oldObject.metadata.name} in {place}; rollbacks need bundles',
    next: 'lower spec.retain.bundles of the ReleasePolicy in {place}, and the operator deletes what is past it',
  },
  StagedInStaging: {
    who: 'anybody who stages a candidate in a namespace that is no staging namespace',
    says: '{caller} cannot stage a candidate in {place}: changes in it are not stamped',
    next: 'stage it in a staging namespace, or have an admin make this one: kubectl label namespace {place} countersign.dev/staging=true',
  },
  TargetIsProduction: {
    who: 'anybody whose candidate names a target that cannot be one',
    says: '{caller} cannot release to {object.spec.targetNamespace}: the target may not be the staging namespace itself, a kube- namespace or the one of Countersign',
    next: 'set spec.targetNamespace to a production namespace: kubectl get namespaces -l countersign.dev/guarded',
  },
  InFlightStays: {
    who: 'anybody who deletes a candidate whose release is in flight',
    says: '{caller} cannot delete {oldObject.metadata.name} while its release is in flight',
    next: 'wait for the end: kubectl wait --for=condition=Finished releasecandidate/{oldObject.metadata.name} -n {place}; others are deleted by their names: kubectl get cand -n {place}, then kubectl delete cand <name> -n {place}',
  },
  GrantedInProduction: {
    who: 'anybody who grants emergency access to a namespace that is not guarded',
    says: '{caller} cannot grant emergency access in {place}, which is not guarded: nobody needs it there',
    next: 'create it in a production namespace: kubectl get namespaces -l countersign.dev/guarded',
  },
  OnlyRevoked: {
    who: 'anybody who changes an emergency access but to end it',
    says: '{caller} may not change spec: it says who has access, by whom and for how long',
    next: 'to end it now, set spec.revoked to true; to give somebody access for longer, kubectl create a new EmergencyAccess',
  },
  RevokedStays: {
    who: 'anybody who takes back that an emergency access was revoked',
    says: '{caller} may not take back that it was revoked',
    next: 'have somebody grant you access again: kubectl create a new EmergencyAccess',
  },
  RecordedByOperator: {
    who: 'anybody but the programs of Countersign who appends to a ledger',
    says: '{caller} may not append to the ledger of {place}; operator and gate record what people do',
    next: 'do the act itself: kubectl create an Approval, a Rollback or a ReleaseCandidate',
  },
  EntryByItsWriter: {
    who: 'a program of Countersign that appends what only the other one does',
    says: '{caller} may not append an entry of type {variables.type} to the ledger of {place}; that type is written by {variables.other} alone',
    next: lookForToken,
  },
  EntryActor: {
    who: 'a program of Countersign that appends an entry in the name of somebody else',
    says: '{caller} may not append an entry of type {variables.type} in the name of {variables.actor} to the ledger of {place}; a program enters its own acts in its own name, and signatures and orders in the name of the person',
    next: lookForToken,
  },
  MinutesByOperator: {
    who: 'anybody but the operator who gives minutes of an emergency',
    says: '{caller} may not give minutes of an emergency in {place}: the operator alone does, for an access that is in the record',
    next: 'have an SRE kubectl create an EmergencyAccess in the production namespace',
  },
  PolicyInProduction: {
    who: 'anybody who creates a policy where none can be',
    says: '{caller} cannot guard {place}: never a kube- namespace, nor the one of Countersign',
    next: 'create the policy in a production namespace: kubectl get namespaces -l countersign.dev/guarded',
  },
  AdministerNeedsPerson: {
    who: 'a system identity that writes a policy',
    says: '{caller} is a system identity, and those may not administer the policy of {place}',
    next: 'have a person do it',
  },
  AdministerRightMissing: {
    who: 'a person without the right to administer who writes a policy',
    says: '{caller} may not administer the policy of {place}',
    next: 'ask a cluster admin for the right: kubectl create rolebinding {caller}-countersign-admin --clusterrole=countersign-admin --user={caller} -n {place}',
  },
  TemplateNeedsPerson: {
    who: 'a system identity that writes a ClusterReleasePolicy',
    says: '{caller} is a system identity, and those may not write what namespaces inherit',
    next: 'have a person do it',
  },
  TemplateRightMissing: {
    who: 'a person without the right to administer who writes a ClusterReleasePolicy',
    says: '{caller} may not write what namespaces inherit',
    next: 'ask a cluster admin for the right: kubectl create clusterrolebinding {caller}-countersign-template-admin --clusterrole=countersign-template-admin --user={caller}',
  },
  TemplateNotLeftAlone: {
    who: 'a person without the right to administer templates who takes a policy out of its template alone, moves it to another or deletes it',
    says: '{caller} may not take the policy of {place} out of {variables.inheritsBefore}, which it inherits: a namespace tightens its template and does not leave it alone',
    next: 'have somebody do it who administers templates: kubectl get clusterrolebindings -o wide | grep countersign-template-admin. Where spec.changes is set, others may sign for it: kubectl countersign policy change -f <policy>.yaml --reason <why>',
  },
  GuardedKeepsPolicy: {
    who: 'anybody who deletes the policy of a guarded namespace',
    says: '{caller} cannot delete the policy of {place} while the namespace is guarded: without it nothing would be admitted',
    next: 'under audit, take the guard away first: kubectl label namespace {place} countersign.dev/guarded-; where it enforces it stays, and docs/operations.md says how such a namespace is given up',
  },
  ReviewWithin24Months: {
    who: 'anybody who sets the review of a policy too late',
    says: '{caller} set spec.reviewBy to {variables.reviewBy}, which is more than 24 months from {string(variables.now).substring(0, 10)}',
    next: 'set an earlier day, and look at the policy then',
  },
  ...rightDenials('Approve', {
    doing: 'sign as {object.spec.role} in {place}',
    clusterRole: 'countersign-{object.spec.role}',
    where: '{place}',
  }),
  ...rightDenials('Withdraw', {
    doing: 'withdraw releasecandidates {oldObject.metadata.name} for {oldObject.spec.targetNamespace}',
    clusterRole: 'countersign-owner',
    where: '{oldObject.spec.targetNamespace}',
  }),
  ...rightDenials('Rollback', {
    doing: 'order a rollback in {place}',
    clusterRole: 'countersign-sre',
    where: '{place}',
  }),
  ...rightDenials('Grant', {
    doing: 'grant emergency access in {place}',
    clusterRole: 'countersign-sre',
    where: '{place}',
  }),
  ...rightDenials('Revoke', {
    doing: 'end the emergency access of {oldObject.spec.grantee} in {place}',
    clusterRole: 'countersign-sre',
    where: '{place}',
  }),
};
