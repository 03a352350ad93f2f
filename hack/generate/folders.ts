import { definitions } from '../../operator/api/definitions.ts';
import { crdFiles, manifestHeader } from './crd.ts';
import { emergencyFiles, emergencyHeader } from './emergency.ts';
import type { GeneratedFolder } from './files.ts';
import { pageHeader, referenceFiles } from './reference.ts';

const crds = { header: manifestHeader, files: crdFiles(definitions) };

/** Everything that is generated: the CRDs, the chart's copies of them and of what an emergency covers, and the reference. */
export const folders: readonly GeneratedFolder[] = [
  { path: 'crds', ...crds },
  { path: 'charts/countersign/files/crds', ...crds },
  { path: 'charts/countersign/files', header: emergencyHeader, files: emergencyFiles },
  { path: 'docs/reference', header: pageHeader, files: referenceFiles(definitions) },
];
