/** Refusals of the policies that guard production. */
import { rightDenials, type PolicyDenial } from './denial.ts';

const byRelease = 'change it by a release: kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}';

/** A controller changes what an object says, where it only keeps the books of it. */
const content: PolicyDenial = {
  who: 'a controller that changes more than the metadata of an object of production',
  says: '{caller} keeps the books of {variables.what} in {place}, and may not change what it says',
  next: byRelease,
};

export const guardDenials: Readonly<Record<string, PolicyDenial>> = {
  ProductionGuardLifetime: {
    who: 'anybody who changes when an object of production goes',
    says: '{caller} may not change metadata.finalizers or metadata.ownerReferences of {variables.what} in {place}, not in an emergency either: they decide when an object goes, and outlast the emergency',
    next: 'leave both as they are: kubectl get {variables.what} -n {place} -o yaml; a finalizer that holds up a deletion is taken off by a holder of operate: kubectl patch {variables.what} -n {place} --type=json -p [op: remove, path: /metadata/finalizers]',
  },
  ProductionGuardEmergencyUndated: {
    who: 'somebody with emergency access whose write carries no time',
    says: '{caller} changes {variables.what} in {place} in a way of which the API server shows no time: something is only taken away, or its managedFields are empty',
    next: 'repeat it with any other change in the same write, such as a new annotation, or by kubectl apply --server-side',
  },
  ProductionGuardEmergencyOver: {
    who: 'somebody whose emergency access is over',
    says: '{caller} had emergency access to {place}, but not for {variables.minute} UTC; what is left of the last minute does not count',
    next: 'have an SRE grant you access again: kubectl create an EmergencyAccess in {place}',
  },
  NodesAreNoBackDoor: {
    who: 'anybody who reaches into pods through the kubelet of a node',
    says: '{caller} may not reach {variables.shown} of the kubelet of {request.name}: through it commands run in any pod of that node, past everything that guards production',
    next: 'use what is judged by namespace, kubectl logs or kubectl exec -n <namespace>; metrics, stats, health and lists of pods go on',
  },
  ProductionGuardAccount: {
    who: 'anybody who changes a ServiceAccount of production directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: programs in production act under it',
    next: 'a ServiceAccount is released, kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}; a program outside the cluster gets an account in another namespace, and rights in {place} by kubectl create rolebinding',
  },
  ProductionGuardAdditional: {
    who: 'anybody who changes an object of a kind in guardedKinds directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: the chart lists its kind in guardedKinds',
    next: 'kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}',
  },
  'ProductionGuardConfigurationContent.kinds': {
    who: 'a controller of the cluster that writes other configuration than its own',
    says: '{caller} writes the certificates and tokens of the cluster, and not {variables.what} in {place}',
    next: byRelease,
  },
  ProductionGuardCredential: {
    who: 'anybody who makes a token of an account of production',
    says: '{caller} may not {variables.doing} {variables.what} in {place}, not in an emergency either: a token of an account would outlast it',
    next: 'run what needs it in a pod under that ServiceAccount, which is given a token of its own',
  },
  ProductionGuardSecretKeeper: {
    who: 'a keeper of Secrets who writes more than their data',
    says: '{caller} holds keepsecrets, and may not {variables.doing} {variables.what} in {place} like this: nobody writes by that right a token of an account, a record of a delivery tool (type helm.sh/release.v1), finalizers, owners, or labels and annotations of countersign.dev',
    next: 'leave these out and write the rest: kubectl apply --server-side -f {variables.name}.yaml -n {place}',
  },
  ProductionGuardConfiguration: {
    who: 'anybody who changes a ConfigMap or Secret of production directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}',
    next: 'a ConfigMap is released, kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}; a Secret is created and changed by holders of keepsecrets, a right that a platform admin gives: kubectl create rolebinding {caller}-countersign-secrets-keeper --clusterrole=countersign-secrets-keeper --user={caller} -n {place}; a program that keeps a Secret or ConfigMap up to date is named in spec.platformWriters by a platform admin: kubectl edit relpol production -n {place}; in an emergency, have an SRE grant you access: kubectl create an EmergencyAccess in {place}',
  },
  ProductionGuardCustom: {
    who: 'anybody who changes a custom resource of production directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: it takes a signed release',
    next: 'kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}; the controller of its kind, which keeps its books in metadata, is named in controlPlane.customControllers of the chart: helm upgrade --reuse-values; in an emergency, have an SRE grant you access: kubectl create an EmergencyAccess in {place}',
  },
  NamespaceGuardKept: {
    who: 'anybody who deletes a guarded namespace',
    says: '{caller} cannot delete {place} while it is guarded: its record would go with it',
    next: 'give the namespace up as docs/operations.md says; it begins with kubectl get namespace {place} -o yaml',
  },
  NamespaceGuardStatus: {
    who: 'anybody but its controller who writes the status of a guarded namespace',
    says: '{caller} may not write {variables.act} of {place}: the namespace controller does',
    next: 'see what it reports: kubectl describe namespace {place}',
  },
  NamespaceGuardPlace: {
    who: 'anybody who guards a namespace that cannot be guarded',
    says: '{caller} cannot guard {place}: never a kube- namespace, nor the one of Countersign, nor one that is being deleted',
    next: 'guard a production namespace: kubectl get releasepolicies -A',
  },
  NamespaceGuardStays: {
    who: 'anybody who loosens the guard of a namespace',
    says: '{caller} cannot take the guard off {place}, nor turn it into audit: once it enforces, nobody loosens it',
    next: 'give the namespace up as docs/operations.md says; it begins with kubectl get namespace {place} -o yaml',
  },
  NamespaceGuardNeedsPerson: {
    who: 'a system identity that changes a guarded namespace',
    says: '{caller} is a system identity, and those may not change {place}, which is guarded',
    next: 'have a person do it',
  },
  NamespaceGuardRightMissing: {
    who: 'a person without the right to administer who changes a guarded namespace',
    says: '{caller} may not change {place}, which is guarded or would be',
    next: 'ask a cluster admin for the right: kubectl create rolebinding {caller}-countersign-admin --clusterrole=countersign-admin --user={caller} -n {place}',
  },
  'ProductionGuardNetworkContent.rollouts': {
    who: 'the controller of Argo Rollouts when it changes more of a Service than the revision it finds',
    says: '{caller} decides which revision {variables.what} in {place} finds, by the label rollouts-pod-template-hash of its selector, and may not change anything else of it',
    next: byRelease,
  },
  ProductionGuardNetwork: {
    who: 'anybody who changes where requests of production go directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: where requests go takes a signed release',
    next: 'kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}; a program that keeps it up to date is named in spec.platformWriters by a platform admin: kubectl edit relpol production -n {place}; in an emergency, have an SRE grant you access: kubectl create an EmergencyAccess in {place}',
  },
  ProductionGuardPod: {
    who: 'anybody who creates, changes or deletes a pod of production directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: pods come from released workloads alone',
    next: 'to replace a pod, restart its workload as a holder of the right to operate: kubectl rollout restart -n {place}, or delete it where updateStrategy OnDelete waits for that; for another content, kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}',
  },
  ProductionGuardRightNotGrantable: {
    who: 'a program of Countersign that writes rights no release may grant',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: no release grants wildcards (but every verb on named custom resources), impersonation, tokens, rights over rights or over Countersign, nor binds anything but ServiceAccounts to a Role of the namespace or a ClusterRole of releases.clusterRoles of the chart',
    next: 'release it without; what must be granted a platform admin grants: kubectl create rolebinding -n {place}',
  },
  ProductionGuardGrant: {
    who: 'a program of Countersign that writes other rights than those of an emergency',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: it writes what emergency accesses are made of, the minutes and the one person, and no other right',
    next: 'see who has access: kubectl get emergencyaccesses -n {place}',
  },
  ProductionGuardGrantByOperator: {
    who: 'anybody but the operator who writes the rights of an emergency',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: it is part of an emergency access, and the operator alone makes those',
    next: 'have an SRE kubectl create an EmergencyAccess in {place}; to end one, set its spec.revoked to true',
  },
  ProductionGuardAdministerNeedsPerson: {
    who: 'a system identity that changes rights or limits of production',
    says: '{caller} is a system identity, and those may not {variables.doing} {variables.what} in {place}',
    next: 'have a person do it',
  },
  ProductionGuardAdministerRightMissing: {
    who: 'a person without the right to administer who changes rights or limits of production',
    says: '{caller} may not {variables.doing} {variables.what} in {place}',
    next: 'ask a cluster admin for the right: kubectl create rolebinding {caller}-countersign-admin --clusterrole=countersign-admin --user={caller} -n {place}',
  },
  ProductionGuardScaleBounds: {
    who: 'a holder of operate who scales beyond the bounds of the policy',
    says: '{caller} may scale {variables.what} in {place} within spec.operate.scale of its policy only, and not to {string(variables.replicas)}',
    next: 'read the bounds: kubectl get relpol production -n {place} -o yaml',
  },
  ProductionGuardScale: {
    who: 'anybody who scales a workload of production directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: how much runs takes a signed release',
    next: 'kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}; deployments and statefulsets that spec.operate.scale of the policy names are scaled by kubectl scale: kubectl get relpol production -n {place} -o yaml',
  },
  ProductionGuardSession: {
    who: 'anybody who opens a session into a pod of production',
    says: '{caller} may not open {variables.what} in {place}: nobody enters a program in production',
    next: 'read what it says, kubectl logs -n {place}, and what became of it, kubectl describe pod -n {place}; in an emergency, have an SRE grant you access: kubectl create an EmergencyAccess in {place}',
  },
  ProductionGuardStatus: {
    who: 'anybody but the control plane who writes a status in production',
    says: '{caller} may not write {variables.what} in {place}: status is a report of the control plane',
    next: 'change what it reports on by a release: kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}',
  },
  ProductionGuardStatusContent: {
    who: 'a controller that changes annotations with a status',
    says: '{caller} reports on {variables.what} in {place}, and may not change its annotations',
    next: 'change them by a release: kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}',
  },
  ProductionGuardStorage: {
    who: 'anybody who changes storage of production directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: storage takes a signed release',
    next: 'kubectl create a ReleaseCandidate in {params.spec.sourceNamespace}; in an emergency, have an SRE grant you access: kubectl create an EmergencyAccess in {place}',
  },
  ProductionGuardLease: {
    who: 'a person who takes the Lease of a program in production',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: programs elect their leader by it, and a person who takes it stops the one that leads',
    next: 'restart the program as a holder of the right to operate: kubectl rollout restart -n {place}',
  },
  ProductionGuardUnlisted: {
    who: 'a person who writes an object of a kind that nobody listed',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: no release holds its kind, and none but controllers write it there',
    next: 'if it belongs to what runs, have a platform admin list it in guardedKinds of the chart; a controller of such kinds is named in controlPlane.customControllers: helm upgrade --reuse-values; what is served: kubectl api-resources --namespaced=true',
  },
  ProductionGuardUnlistedDenied: {
    who: 'a program that writes an object of a kind that nobody listed, where the policy denies it',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: nobody listed its kind, and the policy says unlistedKinds: Deny',
    next: 'have a platform admin name it in controlPlane.customControllers of the chart: helm upgrade --reuse-values; or let the policy only report: kubectl edit relpol production -n {place}',
  },
  'ProductionGuardWorkloadContent.metadata': {
    who: 'a controller that changes labels or annotations of a workload',
    says: '{caller} keeps the books of {variables.what} in {place}, and may not change its labels or annotations',
    next: byRelease,
  },
  'ProductionGuardWorkloadContent.template': {
    who: 'a controller that changes the template of a workload',
    says: '{caller} scales {variables.what} in {place}, and may not change its template',
    next: byRelease,
  },
  ProductionGuardWorkload: {
    who: 'anybody who changes a workload of production directly',
    says: '{caller} may not {variables.doing} {variables.what} in {place}: it takes a signed release',
    next: 'stage the change in {params.spec.sourceNamespace}, and kubectl create a ReleaseCandidate there; to go back to an earlier release, kubectl create a Rollback in {place}; in an emergency, have an SRE grant you access: kubectl create an EmergencyAccess in {place}',
  },
  ...rightDenials('ProductionGuardOperate', { doing: '{{doing}}', clusterRole: 'countersign-sre', where: '{place}' }),
  ProductionGuardCustomContent: content,
  ProductionGuardNetworkContent: content,
  ProductionGuardScaleContent: content,
  ProductionGuardConfigurationContent: content,
  ProductionGuardWorkloadContent: content,
  ProductionGuardRightsContent: content,
  ProductionGuardPodContent: content,
  ProductionGuardAccountContent: content,
  ProductionGuardStorageContent: content,
};
