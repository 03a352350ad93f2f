/** The sinks of an installation, as its Secret declares them. */
import { z } from 'zod';
import { maxSinks, sinkName } from '../../api/notify.ts';

const base64Key = /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/;

const sink = z.strictObject({
  name: sinkName,
  type: z.enum(['CloudEvents', 'Slack', 'Mattermost', 'Teams']),
  /** `https://…`; without user and password in it. */
  url: z.string().max(2_048),
  /** Keys that bodies are signed with, the newest first: two while one takes over from the other. */
  keys: z
    .array(z.string().max(512).regex(base64Key, 'write whsec_ and at least 24 random bytes in base64'))
    .max(2)
    .default([]),
  /** The authority of a private certificate, PEM. */
  ca: z.string().max(65_536).optional(),
  /** Production namespaces that may send to it; absent = all. */
  namespaces: z.array(z.string().max(63)).max(500).optional(),
});

const sinks = z.strictObject({ sinks: z.array(sink).max(maxSinks) });

export interface Sink {
  readonly name: string;
  readonly type: 'CloudEvents' | 'Slack' | 'Mattermost' | 'Teams';
  readonly url: URL;
  readonly keys: readonly string[];
  readonly ca: string | undefined;
  readonly namespaces: readonly string[] | undefined;
}

/** A sink that nothing is sent to, and why. */
export interface WrongSink {
  readonly name: string;
  readonly why: string;
}

export interface Sinks {
  readonly sinks: readonly Sink[];
  readonly wrong: readonly WrongSink[];
}

/** Where the chart lets notices go. */
export interface Egress {
  /** Hosts, each with the port where that is not 443: `hooks.example.com`, `events.example.com:8443`. */
  readonly hosts: readonly string[];
  /** Networks of addresses that are private and allowed all the same, in CIDR notation. */
  readonly networks: readonly string[];
  /** Whether http is allowed, too. */
  readonly plainHttp: boolean;
}

/** What the chart says of notices. */
export interface NoticeSettings {
  readonly egress: Egress;
  /** Name of the Secret of sinks. */
  readonly secret: string;
}

/** Under which key of the Secret they stand. */
export const sinksKey = 'sinks.yaml';

/** `host` or `host:port`, as the list of the chart names it. */
const hostOf = ({ hostname, port }: URL): string => (port === '' ? hostname : `${hostname}:${port}`);

/** Why nothing is sent to an address, whatever name resolves to; undefined = it may be. Never says the path: it is the credential of chats. */
export const whyNotUrl = (url: URL, { hosts, plainHttp }: Egress): string | undefined => {
  if (url.protocol !== 'https:' && !(plainHttp && url.protocol === 'http:')) {
    return `its address begins with ${url.protocol}// and only https:// is allowed`;
  }
  if (url.username !== '' || url.password !== '') return 'its address holds a user or a password: leave them out';
  return hosts.includes(hostOf(url))
    ? undefined
    : `${hostOf(url)} is not among the hosts of notify.allowedHosts of the chart`;
};

/** @param text what the Secret holds, as parsed YAML */
export const readSinks = (content: unknown, egress: Egress): Sinks | { readonly unreadable: string } => {
  const parsed = sinks.safeParse(content);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { unreadable: problems.slice(0, 5).join('; ') };
  }
  const seen = new Set<string>();
  const good: Sink[] = [];
  const wrong: WrongSink[] = [];
  for (const { name, url: text, ...rest } of parsed.data.sinks) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const why = seen.has(name)
      ? 'another sink has the same name'
      : url === undefined
        ? 'its address is not a URL'
        : whyNotUrl(url, egress);
    seen.add(name);
    if (why !== undefined || url === undefined) wrong.push({ name, why: why ?? '' });
    else good.push({ name, url, ...rest, ca: rest.ca, namespaces: rest.namespaces });
  }
  return { sinks: good, wrong };
};

export interface SinkTrouble {
  /** `NotDeclared`: there is no such sink. `NotAllowed`: it is one that nothing may be sent to. `Failing`: it takes nothing. */
  readonly is: 'NotDeclared' | 'NotAllowed' | 'Failing';
  readonly why: string;
}

/** What is known of one sink: 'NotRead' = nothing yet, undefined = nothing is wrong with it. */
export type SinkState = SinkTrouble | 'NotRead' | undefined;
