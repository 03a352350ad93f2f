import { definitions } from '../../operator/api/definitions.ts';
import { commandPage } from './command.ts';
import { crdFiles, manifestHeader } from './crd.ts';
import { denialFiles, denialsHeader } from './denials.ts';
import type { GeneratedFolder } from './files.ts';
import { kindFiles, kindsHeader } from './kinds.ts';
import { ledgerFiles, ledgerHeader } from './ledger.ts';
import { pageHeader, referenceFiles } from './reference.ts';

const crds = { header: manifestHeader, files: crdFiles(definitions) };

/** Everything that is generated: the CRDs, the chart's copies of them, what it says of kinds and of who writes the record, and the reference. */
export const folders: readonly GeneratedFolder[] = [
  { path: 'crds', ...crds },
  { path: 'charts/countersign/files/crds', ...crds },
  { path: 'charts/countersign/files', header: kindsHeader, files: kindFiles },
  { path: 'charts/countersign/files', header: ledgerHeader, files: ledgerFiles },
  { path: 'charts/countersign/templates', header: denialsHeader, files: denialFiles },
  { path: 'docs/reference', header: pageHeader, files: [...referenceFiles(definitions), commandPage(pageHeader)] },
];
