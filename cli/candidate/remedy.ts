/** Remedies of the operator, typed with this command where it has one for them. */

const signing =
  /kubectl get cand (\S+) -n (\S+) -o jsonpath=\{\.status\.approvalManifests\.([a-z0-9-]+)\} \| kubectl create -f -/g;

/** The same steps, shorter. */
export const withThisCommand = (remedy: string): string =>
  remedy.replaceAll(signing, 'kubectl countersign approve $1 -n $2 --role $3');
