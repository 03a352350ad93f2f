/** The notices about exceptions that wait for signatures. */
import type { PolicyException } from '../../api/exception.ts';
import { milliseconds } from '../../api/duration.ts';
import { defaultRemindAfter } from '../../api/notify.ts';
import { signExceptionCommand } from './commands.ts';
import { factsOf, noticeId, type OutboundNotice } from './notice.ts';

/** That an exception waits for a role, once when it was asked for, and once more when nobody has signed for it. */
export const dueOfExceptions = (
  exceptions: readonly PolicyException[],
  remindAfter: string = defaultRemindAfter,
): readonly OutboundNotice[] =>
  exceptions.flatMap((exception) =>
    Object.keys(exception.status?.approvalManifests ?? {}).flatMap((role): OutboundNotice[] => {
      const { metadata, spec, kind, status } = exception;
      const { namespace, name, uid } = metadata;
      const askedAt = Date.parse(metadata.creationTimestamp);
      const notice = {
        namespace,
        package: spec.package,
        version: '',
        digest: status?.digest ?? '',
        subject: { kind, namespace, name, uid },
        role,
        facts: factsOf({
          exception: name,
          'waits for': role,
          signatures: status?.approvals ?? '',
          'may pass': spec.gates.join(', '),
          until: spec.until,
          because: spec.reason,
          risk: spec.risk,
          by: spec.requester.username,
        }),
        command: signExceptionCommand(metadata, role),
      };
      return [
        { ...notice, id: noticeId('ApprovalNeeded', uid, role), kind: 'ApprovalNeeded', at: askedAt },
        {
          ...notice,
          id: noticeId('ApprovalReminder', uid, role),
          kind: 'ApprovalReminder',
          at: askedAt + milliseconds(remindAfter),
        },
      ];
    }),
  );
