/** What a GitOps tool writes for itself beside what it delivers. */
import type { AdmissionRequest } from './request.ts';

/** Where Helm keeps what it has installed (helm.sh/helm, pkg/storage/driver/secrets.go). */
export const isToolRecord = ({ resource, subresource, object, oldObject }: AdmissionRequest): boolean =>
  resource.group === '' &&
  resource.resource === 'secrets' &&
  subresource === '' &&
  (object ?? oldObject)?.['type'] === 'helm.sh/release.v1';
