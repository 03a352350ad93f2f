/** Refusals of the policies that guard the installation, and keep its programs to production. */
import { type PolicyDenial } from './denial.ts';

const administers = 'it takes the right to administer the installation';
const byHolders =
  'have it done by {{holders}}; to give somebody the right, a cluster admin runs kubectl create rolebinding countersign-installer-2 --clusterrole=countersign-installer --user={caller} -n {{home}}';

export const installationDenials: Readonly<Record<string, PolicyDenial>> = {
  ConfinedToProduction: {
    who: 'a program of Countersign that writes where none of them may',
    says: '{caller} writes nothing in {place}: never in a kube- namespace, nor in its own',
    next: 'point the ReleaseCandidate at a production namespace: kubectl get namespaces -l countersign.dev/guarded',
  },
  'ConfinedToProduction.unguarded': {
    who: 'a program of Countersign that writes in a namespace that is not guarded',
    says: '{caller} writes nothing in {place}, which is not guarded',
    next: 'if it is a production namespace: kubectl label namespace {place} countersign.dev/guarded=enforce',
  },
  JobsOnlyLetGo: {
    who: 'a program of Countersign that changes more of a finished Job than its finalizer',
    says: '{caller} takes the finalizer countersign.dev/job-record off {request.resource.resource} in {place}, and changes nothing else of them',
    next: 'change it by another release, which runs its own: kubectl create a ReleaseCandidate',
  },
  DefinitionsByAdmins: {
    who: 'anybody without the right to administer who changes a definition of Countersign',
    says: `{caller} may not change or delete {oldObject.metadata.name}: ${administers}`,
    next: byHolders,
  },
  ProgramByToken: {
    who: 'somebody who impersonates a program of Countersign',
    says: '{caller} comes without the uid that a token of a ServiceAccount carries, so somebody else impersonates the program',
    next: 'find out who in the audit log of the API server (impersonatedUser), and take the right away: edit and admin give it, so bind view instead: kubectl get rolebindings -n {{home}} -o wide',
  },
  InstallationGuard: {
    who: 'anybody without the right to administer who changes the release namespace',
    says: `{caller} may not {variables.doing} {variables.what} in {place}, where Countersign itself runs: ${administers}`,
    next: byHolders,
  },
  InstallationRights: {
    who: 'anybody without the right to administer who changes rights of Countersign',
    says: `{caller} may not {variables.doing} {variables.what}: Countersign acts by it, and ${administers}`,
    next: byHolders,
  },
  InstallationUnlisted: {
    who: 'anybody without the right to administer who writes an object of a kind that nobody listed in the release namespace',
    says: `{caller} may not {variables.doing} {variables.what} in {place}, where Countersign itself runs: controllers write such kinds there, and ${administers}`,
    next: byHolders,
  },
};
