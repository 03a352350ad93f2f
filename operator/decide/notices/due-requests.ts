/** The notices about what somebody asked for and others sign for: exceptions, and changes of the policy. */
import { milliseconds } from '../../api/duration.ts';
import type { PolicyException } from '../../api/exception.ts';
import { defaultRemindAfter } from '../../api/notify.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import { signRequestCommand } from './commands.ts';
import { factsOf, noticeId, type OutboundNotice } from './notice.ts';

/** That a request waits for a role, once when it was asked for, and once more when nobody has signed for it. */
export const dueOfRequests = (
  requests: readonly (PolicyException | PolicyChange)[],
  remindAfter: string = defaultRemindAfter,
): readonly OutboundNotice[] =>
  requests.flatMap((request) =>
    Object.keys(request.status?.approvalManifests ?? {}).flatMap((role): OutboundNotice[] => {
      const { metadata, kind, status } = request;
      const { namespace, name, uid } = metadata;
      const askedAt = Date.parse(metadata.creationTimestamp);
      const digest = status?.digest ?? '';
      const notice = {
        namespace,
        package: packageOf(request),
        version: '',
        digest,
        subject: { kind, namespace, name, uid },
        role,
        facts: factsOf({ ...factsAbout(request), 'waits for': role, signatures: status?.approvals ?? '' }),
        command: signRequestCommand(kind, metadata, role),
      };
      // Under another digest it is signed for once more.
      const happened = [uid, role, digest];
      return [
        { ...notice, id: noticeId('ApprovalNeeded', ...happened), kind: 'ApprovalNeeded', at: askedAt },
        {
          ...notice,
          id: noticeId('ApprovalReminder', ...happened),
          kind: 'ApprovalReminder',
          at: askedAt + milliseconds(remindAfter),
        },
      ];
    }),
  );

const packageOf = (request: PolicyException | PolicyChange): string =>
  request.kind === 'PolicyException' ? request.spec.package : '';

const factsAbout = (request: PolicyException | PolicyChange): Readonly<Record<string, string>> =>
  request.kind === 'PolicyException'
    ? {
        exception: request.metadata.name,
        'may pass': request.spec.gates.join(', '),
        until: request.spec.until,
        because: request.spec.reason,
        risk: request.spec.risk,
        by: request.spec.requester.username,
      }
    : {
        'policy change': request.metadata.name,
        changes: request.status?.difference.join('; ') ?? '',
        because: request.spec.reason,
        by: request.spec.author.username,
      };
