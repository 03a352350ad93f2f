import { definitions } from '../../operator/api/definitions.ts';
import { crdFiles, manifestHeader } from './crd.ts';
import { emergencyFiles, emergencyHeader } from './emergency.ts';
import type { GeneratedFolder } from './files.ts';
import { ledgerFiles, ledgerHeader } from './ledger.ts';
import { pageHeader, referenceFiles } from './reference.ts';

const crds = { header: manifestHeader, files: crdFiles(definitions) };

/** Everything that is generated: the CRDs, the chart's copies of them of what an emergency covers and of who writes the record, and the reference. */
export const folders: readonly GeneratedFolder[] = [
  { path: 'crds', ...crds },
  { path: 'charts/countersign/files/crds', ...crds },
  { path: 'charts/countersign/files', header: emergencyHeader, files: emergencyFiles },
  { path: 'charts/countersign/files', header: ledgerHeader, files: ledgerFiles },
  { path: 'docs/reference', header: pageHeader, files: referenceFiles(definitions) },
];
