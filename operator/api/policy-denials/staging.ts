/** Refusals of the policies of staging namespaces, which record who changed what. */
import { type PolicyDenial } from './denial.ts';

export const stagingDenials: Readonly<Record<string, PolicyDenial>> = {
  WritersOnlyInStaging: {
    who: 'anybody who writes a record of writers where none is kept',
    says: '{caller} cannot write {variables.what} of {place} with the annotation countersign.dev/writers: the API server keeps that record in staging namespaces alone, and {place} is none',
    next: 'leave the annotation out; if you sent none, find the mutating webhook or policy that adds it: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings',
  },
  StagingStays: {
    who: 'anybody without the right to administer who takes the label off a staging namespace',
    says: '{caller} may not take the label countersign.dev/staging off {place}: who changes what in it would no longer be recorded',
    next: 'ask a cluster admin to do it, or for the right: kubectl create rolebinding {caller}-countersign-admin --clusterrole=countersign-admin --user={caller} -n {place}',
  },
  StagingPlace: {
    who: 'anybody who makes the release namespace a staging namespace',
    says: '{caller} cannot make {place} a staging namespace: it is the namespace of Countersign, and what holds in staging would act on its own objects',
    next: 'label the namespace in which releases are tried: kubectl get releasepolicies -A -o custom-columns=STAGING:.spec.sourceNamespace',
  },
  ImagesAreReported: {
    who: 'anybody but a kubelet who writes what containers of a staged pod run',
    says: '{caller} may not write what the containers of pod {variables.pod} in {place} run: releases pin images to what kubelets report there',
    next: 'leave status.containerStatuses as it is; to have the pod start again: kubectl delete pod {variables.pod} -n {place}',
  },
  ImagesStay: {
    who: 'anybody who changes an image of a staged pod',
    says: '{caller} may not change an image of pod {variables.pod} in {place}: a pod of a staging namespace runs what it was created with',
    next: 'change the template, and its controller replaces the pod: kubectl set image deployment/<name> <container>=<image> -n {place}',
  },
  ScaleIsRecorded: {
    who: 'anybody who scales a staged workload by its scale subresource',
    says: '{caller} cannot scale {variables.what} of {place} this way: it is a staging namespace, and a write to /scale does not say who changed the object',
    next: 'change spec.replicas in the object itself: kubectl edit {variables.what} -n {place}',
  },
  WriterHasName: {
    who: 'a caller whose name is too long for the record',
    says: '{caller} has a name of more than 512 characters, which no release can list among its authors',
    next: 'change {variables.what} of {place} under another account: kubectl auth whoami',
  },
  WritersAreBounded: {
    who: 'the hundred and first person who changes one staged object',
    says: '{caller} would be one more than the 100 who have changed {variables.what} of {place}, and nobody is dropped from the record',
    next: 'create it again, and answer for it: kubectl get {variables.what} -n {place} -o yaml | kubectl replace --force -f -',
  },
  WritersAreRecorded: {
    who: 'anybody whose write to staging was changed between the record and the check',
    says: 'the annotation countersign.dev/writers of {variables.what} of {place} must say that {caller} changed it, and keep everybody it named; the API server writes it, and something changed it afterwards',
    next: 'send it again, if the namespace was labelled a moment ago; else find the mutating webhook or policy: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings',
  },
};
