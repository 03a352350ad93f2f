/** What the API server or the network says, with what to do about it. */
import { group as ownGroup } from '../operator/api/kinds.ts';
import { toFailure, type Failure } from '../operator/kube/failures.ts';
import { Problem } from './exit.ts';

const cannotRbac =
  /User "[^"]*" cannot (\w+) resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)")?/;

/** Refusals of ours end with their next step, as `…. Next: …`. */
const ownNext = /^(.*?)\.? Next: (.*)$/s;

const nextOf = (failure: Failure): string | undefined => {
  switch (failure.kind) {
    case 'Forbidden': {
      if (failure.refusal === 'Authentication')
        return 'kubectl auth whoami says who you are; sign in again if it fails too';
      if (failure.refusal === 'WebhookUnreachable')
        return 'A platform admin looks at the gate: kubectl get pods -n countersign-system';
      const [, verb, resource, group, namespace] = cannotRbac.exec(failure.message) ?? [];
      if (verb === undefined || resource === undefined) return undefined;
      const full = group === '' ? resource : `${resource}.${group}`;
      if (namespace === undefined)
        return `Name a namespace in which you may: -n <namespace>; kubectl auth can-i ${verb} ${full} -n <namespace> says where`;
      return namespace === 'default'
        ? 'Name the namespace: -n <staging or production namespace>'
        : group !== ownGroup
          ? `Somebody who administers ${namespace} gives you that right, such as by ClusterRole view; kubectl auth can-i ${verb} ${full} -n ${namespace} says when it is done`
          : `A platform admin of ${namespace} binds one of the countersign ClusterRoles to you; kubectl auth can-i ${verb} ${full} -n ${namespace} says when it is done`;
    }
    case 'NotFound':
      return 'kubectl api-resources --api-group=countersign.dev says whether Countersign is installed';
    case 'Unavailable':
      return 'kubectl version says whether kubectl reaches the cluster';
    case 'Throttled':
      return 'Wait a moment, and run it again';
    case 'Conflict':
    case 'Gone':
      return 'It changed meanwhile: run it again';
    case 'AlreadyExists':
    case 'Invalid':
    case 'TooLarge':
      return undefined;
    case 'Bug':
      return 'Set COUNTERSIGN_DEBUG=1 to see where, and report it with what you typed';
  }
};

/** Any thrown thing as something that people can act on. `debug`: with where it was thrown. */
export const problemOf = (error: unknown, debug: boolean): Problem => {
  const failure = toFailure(error);
  const [, what = failure.message, next] = ownNext.exec(failure.message) ?? [];
  const trace = debug && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  return new Problem(`${what}${trace}`, next ?? nextOf(failure));
};
