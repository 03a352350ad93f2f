/** Notices, put together: the Secret of sinks, who is told, and what is remembered from one leader to the next. */
import type { NoticeSettings } from '../../decide/notices/sinks.ts';
import type { Reflectors } from '../../kube/reflectors.ts';
import type { KubeObject, ResourceRow } from '../../kube/resource.ts';
import type { Logger } from '../../log.ts';
import type { OnChange } from '../../observe/changes.ts';
import type { Facts } from '../../observe/facts.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { createNoticeMetrics } from '../../telemetry/notices.ts';
import type { Clock } from '../../time/clock.ts';
import { addressRule } from './address.ts';
import { createAnnouncer } from './announcer.ts';
import { createDeliver } from './deliver.ts';
import { Dispatch, type Marks } from './dispatch.ts';

export interface NoticesOptions {
  readonly facts: Facts;
  readonly on: OnChange;
  readonly reflectors: Reflectors;
  readonly settings: NoticeSettings;
  /** Namespace of Countersign. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'registry'>;
}

export interface Notices {
  /** This process leads. `noted`: what the leader before noted; undefined = nothing. Returns at once. */
  begin(noted: string | undefined): void;
  /** For the leader after this one; undefined = what stands there stays. */
  note(): string | undefined;
  /** Sends what waits, for at most `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

const secrets: ResourceRow = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

/** Every replica says it of itself, so that an event is the same whoever sends it. */
const sourceOf = (namespace: string): string => `/countersign/${namespace}`;

export const createNotices = (options: NoticesOptions): Notices => {
  const { facts, on, reflectors, settings, namespace, clock, random, logger, metrics } = options;
  const { egress, secret } = settings;
  const dispatch: Dispatch = new Dispatch({
    deliver: createDeliver({ allows: addressRule(egress.networks), clock, userAgent: 'countersign-operator' }),
    clock,
    random,
    metrics: createNoticeMetrics(metrics.registry, () => dispatch.waiting()),
    source: sourceOf(namespace),
    egress,
    states: facts.sinks,
    secret,
  });
  const announcer = createAnnouncer({ facts, on, dispatch, clock, logger });
  const isOn = egress.hosts.length > 0;
  const declared = reflectors.family<KubeObject>({
    resource: secrets,
    name: secret,
    optional: true,
    project: (raw) => raw,
  });
  let isStopped = false;
  const declare = (): void => dispatch.declare(declared.in(namespace)?.list()[0]);
  return {
    begin(noted) {
      if (!isOn) {
        facts.sinks.declare(new Map(), 'notices are off: notify.allowedHosts of the chart names no host');
        return;
      }
      const { reflector } = declared.hold(namespace);
      const declareAndBegin = (): void => {
        if (isStopped) return;
        declared.onChange(declare);
        declare();
        announcer.begin(marksIn(noted));
      };
      reflector.synced.then(declareAndBegin, () => {}); // or stopped before
    },
    note() {
      const marks = announcer.marks();
      return marks === undefined ? undefined : JSON.stringify(marks);
    },
    async stop(withinMs) {
      isStopped = true;
      announcer.stop();
      await dispatch.stop(withinMs);
    },
  };
};

/** Of what cannot be read nothing is known: then an hour is told again. */
const marksIn = (noted = '{}'): Marks => {
  try {
    const parsed: unknown = JSON.parse(noted);
    const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
    return Object.fromEntries(entries.filter((each): each is [string, number] => typeof each[1] === 'number'));
  } catch {
    return {};
  }
};
