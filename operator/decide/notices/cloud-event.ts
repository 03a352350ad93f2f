/** A notice as a CloudEvent in structured JSON mode whose data is a CDEvent (CDEvents 0.5.1, CloudEvents binding). */
import type { JsonObject } from '../../api/meta.ts';
import { noticeKinds } from '../../api/notify.ts';
import { aboutOf, bounded, headlineOf, type OutboundNotice } from './notice.ts';

/** Of the CDEvents specification that the events keep to. */
const cdEvents = '0.5.1';

/** Versions and digests may hold characters that a package URL gives a meaning. */
const artifactOf = ({ package: pkg, version, digest }: OutboundNotice): string =>
  `pkg:generic/${encodeURIComponent(pkg === '' ? 'none' : pkg)}@${encodeURIComponent(version === '' ? 'unknown' : version)}${digest === '' ? '' : `?checksum=${encodeURIComponent(digest)}`}`;

/** What the vocabulary demands of each subject; ours hold what the notice is about. */
const contentOf = (notice: OutboundNotice, type: string, source: string): JsonObject => {
  const environment = { id: notice.namespace, source };
  if (type.startsWith('dev.cdevents.service.')) return { environment, artifactId: artifactOf(notice) };
  if (type.startsWith('dev.cdevents.incident.')) {
    return {
      environment,
      description: `${headlineOf(notice)}: ${aboutOf(notice)}`,
      ...(notice.package === '' ? {} : { service: { id: notice.package, source }, artifactId: artifactOf(notice) }),
    };
  }
  const { kind, namespace, name, uid } = notice.subject;
  return { environment, kind, namespace, name, uid };
};

const maxName = 253;

/** Names that the API server let pass are as they are; nothing else gets out. */
const withBounds = (notice: OutboundNotice): OutboundNotice => {
  const { kind, namespace, name, uid } = notice.subject;
  return {
    ...notice,
    namespace: bounded(notice.namespace, maxName),
    package: bounded(notice.package, maxName),
    version: bounded(notice.version, maxName),
    role: bounded(notice.role, maxName),
    subject: {
      kind: bounded(kind, maxName),
      namespace: bounded(namespace, maxName),
      name: bounded(name, maxName),
      uid: bounded(uid, maxName),
    },
  };
};

/**
 * The whole body. `source`: who says so, a URI reference that is the same for every replica. It depends on nothing but the notice, so that an
 * event that is sent again is the same event.
 */
export const cloudEventOf = (given: OutboundNotice, source: string): JsonObject => {
  const notice = withBounds(given);
  const { id, kind, at, subject, namespace, package: pkg, version, digest, role, facts, command } = notice;
  const { event: type } = noticeKinds[kind];
  const time = new Date(at).toISOString();
  const isService = type.startsWith('dev.cdevents.service.');
  const subjectId = isService ? `${namespace}/${pkg}` : `${subject.kind}/${subject.namespace}/${subject.name}`;
  return {
    specversion: '1.0',
    id,
    source,
    type,
    subject: subjectId,
    time,
    datacontenttype: 'application/json',
    data: {
      context: { specversion: cdEvents, id, source, type, timestamp: time },
      subject: { id: subjectId, source, content: contentOf(notice, type, source) },
      customDataContentType: 'application/json',
      customData: {
        notice: kind,
        headline: headlineOf(notice),
        about: aboutOf(notice),
        namespace,
        package: pkg,
        version,
        digest,
        role,
        object: { kind: subject.kind, namespace: subject.namespace, name: subject.name, uid: subject.uid },
        facts: facts.map(({ label, value }) => ({ label, value })),
        command,
      },
    },
  };
};
