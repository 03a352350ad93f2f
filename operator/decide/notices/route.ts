/** Who is told of a notice. */
import type { Notify } from '../../api/notify.ts';
import type { OutboundNotice } from './notice.ts';

/** Names of the sinks that a policy sends it to. */
export const sinksFor = (notify: Notify | undefined, notice: OutboundNotice): readonly string[] =>
  (notify?.routes ?? [])
    .filter(
      ({ about, roles, packages }) =>
        (about.length === 0 || about.includes(notice.kind)) &&
        (roles.length === 0 || notice.role === '' || roles.includes(notice.role)) &&
        (packages.length === 0 || notice.package === '' || packages.includes(notice.package)),
    )
    .map(({ sink }) => sink);
