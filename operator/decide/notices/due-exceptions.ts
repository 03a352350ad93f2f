/** The notices about exceptions that wait for signatures. */
import type { PolicyException } from '../../api/exception.ts';
import { milliseconds } from '../../api/duration.ts';
import { defaultRemindAfter } from '../../api/notify.ts';
import { signExceptionCommand } from './commands.ts';
import { factsOf, noticeId, type OutboundNotice } from './notice.ts';

/** Roles that it waits for, as its condition names them, with how many signatures are missing. */
const waitsFor = ({ status }: PolicyException): readonly { readonly role: string; readonly places: string }[] => {
  const granted = status?.conditions.find(({ type }) => type === 'Granted');
  if (granted?.reason !== 'ExceptionAwaitsSignatures') return [];
  const places = /; waiting for (.*?)(?:; not counted: |\. Next: )/.exec(granted.message)?.[1] ?? '';
  return places.split(/, | and (?=\d)/).flatMap((each) => {
    const role = /^\d+ ([a-z0-9-]+)/.exec(each)?.[1];
    return role === undefined ? [] : [{ role, places: each }];
  });
};

/** That an exception waits for a role, once when it was asked for, and once more when nobody has signed for it. */
export const dueOfExceptions = (
  exceptions: readonly PolicyException[],
  remindAfter: string = defaultRemindAfter,
): readonly OutboundNotice[] =>
  exceptions.flatMap((exception) =>
    waitsFor(exception).flatMap(({ role, places }): OutboundNotice[] => {
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
          'waits for': places,
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
