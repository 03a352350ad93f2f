/** The API server's audit log as a list of requests with times. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../hack/controlplane/audit.ts';
import type { System } from '../test/support/cluster/system.ts';

/** What a request costs the API server: a write goes to etcd, a try and a review do not. */
export type Class = 'write' | 'dry-run' | 'review' | 'get' | 'list' | 'watch' | 'lease';

export interface Request {
  /** Of our two identities; undefined for everybody else. */
  readonly by: 'operator' | 'restorer' | undefined;
  readonly user: string;
  readonly verb: string;
  /** `deployments`, `releasecandidates/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly class: Class;
  readonly code: number;
  /** Milliseconds since 1970, with three decimals. */
  readonly receivedAt: number;
  /** When it was answered. */
  readonly doneAt: number;
}

/** Events are written after the answer; the last ones are waited for. */
const settleMs = 500;

export const requests = async (system: System): Promise<readonly Request[]> => {
  await sleep(settleMs);
  const events = await system.controlPlane.auditEvents();
  return events.filter(({ stage }) => stage === 'ResponseComplete').map(requestOf);
};

const requestOf = (event: AuditEvent): Request => {
  const { verb, user, objectRef, responseStatus } = event;
  const { resource = '', subresource, namespace = '', name = '' } = objectRef ?? {};
  return {
    by: ours.find((each) => user.username.endsWith(`:countersign-${each}`)),
    user: user.username,
    verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    class: classOf(event),
    code: responseStatus?.code ?? 0,
    receivedAt: instant(event.requestReceivedTimestamp),
    doneAt: instant(event.stageTimestamp),
  };
};

const ours = ['operator', 'restorer'] as const;

const classOf = ({ verb, requestURI, objectRef }: AuditEvent): Class => {
  if (objectRef?.resource === 'leases' && verb !== 'watch') return 'lease';
  if (objectRef?.resource === 'subjectaccessreviews') return 'review';
  if (requestURI.includes('dryRun=')) return 'dry-run';
  if (verb === 'get' || verb === 'list' || verb === 'watch') return verb;
  return 'write';
};

/** `Date.parse` drops what is below a millisecond. */
const instant = (rfc3339: string): number => {
  const micro = /\.\d{3}(\d{1,3})/.exec(rfc3339)?.[1] ?? '';
  return Date.parse(rfc3339) + Number(`0.${micro}`);
};

/** How many of each class, most first, as `verb resource: count`. */
export const breakdown = (all: readonly Request[], by: number): string =>
  [...Map.groupBy(all, (each) => `${each.class === 'dry-run' ? 'dry-run ' : ''}${each.verb} ${each.resource}`)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([what, each]) => `  ${what}: ${(each.length / by).toFixed(2)}`)
    .join('\n');
