import { approvalDefinition } from './approval.ts';
import { releaseBundleDefinition } from './bundle.ts';
import { releaseCandidateDefinition } from './candidate.ts';
import type { Definition } from './definition.ts';
import { emergencyAccessDefinition } from './emergency.ts';
import { evidenceDefinition } from './evidence.ts';
import { policyExceptionDefinition } from './exception.ts';
import { ledgerEntryDefinition } from './ledger.ts';
import { clusterReleasePolicyDefinition } from './cluster-policy.ts';
import { releasePolicyDefinition } from './policy.ts';
import { policyChangeDefinition } from './policy-change.ts';
import { rollbackDefinition } from './rollback.ts';

/** Every kind, in the order in which the reference tells of them. */
export const definitions: readonly Definition[] = [
  releasePolicyDefinition,
  clusterReleasePolicyDefinition,
  releaseCandidateDefinition,
  releaseBundleDefinition,
  approvalDefinition,
  evidenceDefinition,
  rollbackDefinition,
  emergencyAccessDefinition,
  policyExceptionDefinition,
  policyChangeDefinition,
  ledgerEntryDefinition,
];
