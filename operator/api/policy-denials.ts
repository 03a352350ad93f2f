/**
 * Refusals of the admission policies of the chart, which the API server says before the gate is asked. The chart's texts are generated from them. Where
 * one code has several messages, the name of each further one is the code, a dot, and what sets it apart.
 */
import type { PolicyDenial } from './policy-denials/denial.ts';
import { evidenceDenials } from './policy-denials/evidence.ts';
import { policyChangeDenials } from './policy-denials/policy-changes.ts';
import { exceptionDenials } from './policy-denials/exceptions.ts';
import { guardDenials } from './policy-denials/guard.ts';
import { installationDenials } from './policy-denials/installation.ts';
import { recordDenials } from './policy-denials/records.ts';
import { stagingDenials } from './policy-denials/staging.ts';

/** Every refusal of the policies, by name. */
export const policyDenials: Readonly<Record<string, PolicyDenial>> = {
  ...recordDenials,
  ...evidenceDenials,
  ...exceptionDenials,
  ...policyChangeDenials,
  ...stagingDenials,
  ...guardDenials,
  ...installationDenials,
};

/** The code that a message begins with. */
export const codeOf = (name: string): string => name.split('.')[0] ?? name;
