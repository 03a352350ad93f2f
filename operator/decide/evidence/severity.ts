/** How bad what was found is, as counts name it. */

/** From the worst. What nobody can read is `unknown`. */
export const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;
export type Severity = (typeof severities)[number];

/** Of a score of CVSS from 0 to 10, with the bounds of its version 3. */
export const severityOfScore = (score: number): Severity => {
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'negligible';
};
