/** The API server's audit log: every request, by whom, and what came of it. */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { parseJson } from './json.ts';

/** One line of the log, at Metadata level. */
export interface AuditEvent {
  readonly auditID: string;
  readonly stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic';
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string; readonly uid?: string; readonly groups?: readonly string[] };
  readonly impersonatedUser?: { readonly username: string; readonly groups?: readonly string[] };
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  /** Absent for requests that are not about resources, such as `/readyz`. */
  readonly objectRef?: {
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
    readonly apiGroup?: string;
    readonly apiVersion?: string;
    readonly subresource?: string;
    readonly resourceVersion?: string;
  };
  readonly responseStatus?: { readonly code: number; readonly reason?: string; readonly message?: string };
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string;
  /** RFC 3339 with microseconds. */
  readonly stageTimestamp: string;
  /** Among others the `auditAnnotations` of admission policies, as `<policy>/<key>`. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * The events of a log, oldest first. The API server writes an event after it has answered: the last ones may follow a moment
 * later, and a line that is being written is left out.
 */
export async function readAuditLog(path: string): Promise<readonly AuditEvent[]> {
  if (!existsSync(path)) return [];
  const events: AuditEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const event = parseLine(line);
    if (event !== undefined) events.push(event);
  }
  return events;
}

function parseLine(line: string): AuditEvent | undefined {
  try {
    return parseJson<AuditEvent>(line);
  } catch {
    return undefined;
  }
}
