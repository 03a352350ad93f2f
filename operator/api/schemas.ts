/** The strings that people and programs write into our objects: one schema for each sort, all of them bounded. */
import { z } from 'zod';
import { celRules, patternInRule } from './crd-extensions.ts';

/** Longest name of an object in Kubernetes. */
const longestName = 253;
const longestLabel = 63;

const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

/**
 * Text of at most `max` characters in any script. Only the API server counts them: it counts code points where JavaScript
 * counts UTF-16 units, and the operator must be able to read everything that the API server has taken.
 */
export const free = (max: number) => z.string().meta({ maxLength: max });

/** Characters that move the cursor, hide, or reorder what stands beside them, in a class of RE2. A joiner (200C, 200D) belongs to some scripts. */
const unseen =
  '\\x7f-\\x9f\\x{ad}\\x{61c}\\x{180e}\\x{200b}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2060}-\\x{206f}\\x{feff}\\x{fff9}-\\x{fffb}\\x{e0000}-\\x{e007f}';

/**
 * A rule for text that people type and others read on a terminal. The API server alone judges it: what it took before the rule was there can
 * still be read, and whatever is shown is escaped besides.
 */
const seen = (characters: string, message: string) =>
  celRules({ rule: `!self.matches(r'[${characters}${unseen}]')`, message });

/** Text of one or more lines, of at most `max` characters. */
export const written = (max: number) =>
  free(max).meta(
    seen(
      '\\x00-\\x08\\x0b-\\x1f',
      'no control character, and none that hides or reorders others: type plain text; line breaks and tabs are fine',
    ),
  );

/** Text of one line, of at most `max` characters. */
export const writtenLine = (max: number) =>
  free(max).meta(
    seen('\\x00-\\x1f', 'no control character, and none that hides or reorders others: type plain text on one line'),
  );

/** The same as a pattern, where lists in lists are too long for a rule of the API server's cost; its refusal says less. */
export const patternedLine = (max: number) =>
  z.string().meta({ maxLength: max, pattern: `^[^\\x00-\\x1f${unseen}]*$` });

/** A string that people type: when it does not match, they read `message`, not a regular expression. */
const typed = (given: { pattern: string; max: number; message: string; also?: string }) => {
  const matches = `self.matches(r'${given.pattern}')`;
  return z
    .string()
    .max(given.max)
    .regex(new RegExp(given.pattern))
    .meta({
      ...celRules({
        rule: given.also === undefined ? matches : `${matches} && ${given.also}`,
        message: given.message,
      }),
      [patternInRule]: true,
    });
};

/** Words that mean something else to the programs that keep our names as keys. */
const notReserved = "!(self in ['constructor', 'prototype'])";

/** The name of a package, an approval role or a check: an ASCII DNS label of at most `max` characters. */
export const label = (example: string, max: number) =>
  typed({
    pattern: `^${dnsLabel}$`,
    max,
    message: `use at most ${max} lower-case letters, digits and hyphens, such as ${example} (the words constructor and prototype are reserved)`,
    also: notReserved,
  });

/** The name of a package. */
export const packageName = label('payments', 40);

/** The name of an approval role, as used in `approvalroles` and in Approvals. */
export const roleName = label('approver', longestLabel);

/** What sort of evidence something is, as used in `evidencetypes` and in policies. */
export const evidenceType = typed({
  pattern: '^[A-Z][A-Za-z0-9]*$',
  max: longestLabel,
  message: 'use at most 63 letters and digits, beginning with a capital letter, such as TestReport',
});

/** The version of a release, as people know it. */
export const versionText = typed({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._+-]*$',
  max: 40,
  message: 'use at most 40 letters, digits, dots, pluses, hyphens and underscores, such as 2.4.0 or 2.4.0-rc.1',
});

/** The name of a namespace. */
export const namespaceName = z
  .string()
  .min(1)
  .max(longestLabel)
  .regex(new RegExp(`^${dnsLabel}$`));

/** The name of an object in Kubernetes. */
export const objectName = z
  .string()
  .min(1)
  .max(longestName)
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9._:]*[A-Za-z0-9])?$/);

/** The kind of an object, such as Deployment. */
export const kindName = z
  .string()
  .max(longestLabel)
  .regex(/^[A-Z][A-Za-z0-9]*$/);

/** The group and version of an object, such as apps/v1 or v1. */
export const groupVersion = z
  .string()
  .max(longestName)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?v[0-9][a-z0-9]*$/);

/**
 * The group of a kind that several groups have, as one of the keys by which entries of a list are told apart: such a key is there in every entry.
 */
export const groupName = z
  .string()
  .max(longestName)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/)
  .default('')
  .describe(
    'Its group, such as gateway.networking.k8s.io. Needed only for a kind that several groups have. Empty: the group of apiVersion, or the only one that has the kind.',
  );

/** The same in a list whose entries name no version. */
export const onlyGroupName = groupName.describe(
  'Its group, such as gateway.networking.k8s.io. Needed only for a kind that several groups have. Empty: the only group that has the kind, those of Kubernetes itself first.',
);

/** `group` and `apiVersion` of one entry say the same. */
export const groupAgrees = {
  rule: "self.group == '' || !has(self.apiVersion) || self.apiVersion.startsWith(self.group + '/')",
  message: 'group and apiVersion name different groups: leave one of them out',
};

/** The uid that the API server gave an object. */
export const objectUid = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9-]+$/);

/** A username as the API server knows it. Any script is allowed: it is compared byte by byte and never typed again. */
export const username = free(512).min(1);

/** A username that somebody typed, or who writes an object of ours. */
export const typedUsername = writtenLine(512).min(1);

/** The username of a ServiceAccount. */
export const serviceAccountName = typed({
  pattern: `^system:serviceaccount:${dnsLabel}:[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`,
  max: 340,
  message: 'name a ServiceAccount as system:serviceaccount:<namespace>:<name>',
});

/** SHA-256 of canonical JSON. */
export const digest = z
  .string()
  .max(71)
  .regex(/^sha256:[0-9a-f]{64}$/);

/** An instant, RFC 3339. */
export const instant = z.string().max(40).meta({ format: 'date-time' });

/** A calendar day, RFC 3339 full-date. */
export const day = z.string().max(10).meta({ format: 'date' });

/** Text of ours that may be left out; empty when absent. What people type is `written`. */
export const prose = (max: number) => free(max).default('');

const durationPattern = '^([0-9]{1,4}h([0-9]{1,5}m)?([0-9]{1,6}s)?|[0-9]{1,5}m([0-9]{1,6}s)?|[0-9]{1,6}s)$';

/** A length of time in hours, minutes and seconds, within bounds that the API server checks. Read it with `milliseconds`. */
export const duration = (min: string, max: string) =>
  typed({
    pattern: durationPattern,
    max: 16,
    message: `write a duration from ${min} to ${max} with the units h, m and s, such as ${max}`,
    also: `duration(self) >= duration('${min}') && duration(self) <= duration('${max}')`,
  });

const listOf = (value: string) => {
  const item = `(\\*|(${value})(-(${value}))?)(/[0-9]{1,2})?`;
  return `${item}(,${item})*`;
};

const months = 'JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC';
const days = 'SUN|MON|TUE|WED|THU|FRI|SAT';
const cronPattern = `^${[
  listOf('[0-5]?[0-9]'),
  listOf('[01]?[0-9]|2[0-3]'),
  listOf('0?[1-9]|[12][0-9]|3[01]'),
  listOf(`0?[1-9]|1[0-2]|${months}`),
  listOf(`[0-7]|${days}`),
].join(' ')}$`;

/** Five cron fields. */
export const cronSchedule = typed({
  pattern: cronPattern,
  max: 128,
  message:
    'write five cron fields: minute, hour, day of month, month, day of week, such as "0 9 * * 1-5" (months and days also as JAN or MON)',
});

/** A name from the IANA time zone database that the API server also knows. */
export const timeZone = typed({
  pattern: '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$',
  max: 64,
  message: 'name a time zone of the IANA database, such as America/New_York or UTC',
  also: "self != 'Local' && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0",
});

/** An address that is fetched over HTTP. */
export const httpUrl = typed({
  pattern: '^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[!-~]*)?$',
  max: 2048,
  message: 'write an http:// or https:// address without user name, such as http://api.payments-prod.svc:8080/healthz',
});

/** One character of a reference: itself, any, a digit, or one of a class. */
const referenceCharacter = String.raw`([A-Za-z0-9 _:/#@.-]|\\[.d]|\[[A-Za-z0-9_:/#@.][A-Za-z0-9_:/#@.-]*\])`;
const fixedPart = `(${referenceCharacter}([{][0-9]{1,2}[}])?)*`;
const variablePart = `${referenceCharacter}([*+?]|[{][0-9]{1,2},[0-9]{0,2}[}])`;

/**
 * The form of a reference into another system, as a pattern for the whole of it. It is matched in bounded time, whoever wrote the reference:
 * no groups, no alternatives, and at most three parts of variable length, so that 128 characters take at most some hundred thousand steps.
 */
export const referencePattern = typed({
  pattern: `^\\^${fixedPart}(${variablePart}${fixedPart}){0,3}[$]$`,
  max: 64,
  message:
    'write a pattern for the whole reference, from ^ to $, of characters, classes such as [A-Z] and counts such as {7}, without groups and with at most three of *, + and ?, such as ^CHG[0-9]{7}$',
});

/** A path to a field: names joined by dots, list items picked by `[key=value]`, names with dots or slashes as `[example.com/x]`. */
export const fieldPath = typed({
  pattern: String.raw`^[A-Za-z]\w*(\.[\w-]+(\[[A-Za-z]\w*([=./-][\w./-]+)?\])?)*$`,
  max: 256,
  message:
    'write the path of one field: names joined by dots, list items picked by [key=value], annotations and labels as [name], such as spec.replicas or metadata.annotations[example.com/x]',
});
