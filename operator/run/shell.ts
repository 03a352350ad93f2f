/** Everything by which plans reach the world: what they ask, do, report and tell. */
import { createAct } from '../act/effects.ts';
import { createAsk } from '../act/ask.ts';
import type { Comparer } from '../act/compare.ts';
import { apiVersion } from '../api/kinds.ts';
import { promotableResource } from '../decide/manifest/kinds/index.ts';
import type { ObjectEffect, StatusWrite, Writer } from '../decide/plan.ts';
import type { Client } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import { Failure } from '../kube/failures.ts';
import { listPages } from '../kube/read.ts';
import type { KubeObject, ResourceRow } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import type { Transport } from '../kube/transport.ts';
import type { Append } from '../ledger/append.ts';
import { createContentLoader } from '../observe/bundles.ts';
import { candidateOf } from '../observe/caches.ts';
import { keptCandidate } from '../observe/kept-candidates.ts';
import { createObjectLoader } from '../observe/large.ts';
import { liveObject } from '../observe/parse.ts';
import type { Clock } from '../time/clock.ts';
import type { Copies } from './copies.ts';
import type { Leading } from './leading.ts';
import type { Shell } from './reconcile.ts';

export interface ShellTools {
  readonly copies: Pick<Copies, 'facts' | 'place' | 'large' | 'reflectors'>;
  readonly clients: Readonly<Record<Writer, Client>>;
  readonly transport: Transport;
  readonly append: Append;
  readonly comparer: Comparer;
  readonly events: EventRecorder;
  readonly leading: Pick<Leading, 'ifLeading'>;
  readonly clock: Clock;
  /** Told every write to production that the API server took. */
  readonly wrote: (effect: ObjectEffect) => void;
}

/** A burst of changes is one write of a status, and competes with none to production. */
const settleMs = 100;

export const createShell = (tools: ShellTools): Shell => {
  const { copies, clients, transport, append, comparer, events, leading, clock, wrote } = tools;
  const { refusedWrites } = copies.facts;
  const act = createAct({
    clients,
    append,
    compare: (comparison) => comparer.compare(comparison),
    wrote(effect) {
      refusedWrites.taken(effect);
      wrote(effect);
    },
    notTaken: (effect, why) => refusedWrites.note(effect, { ...why, at: clock.now() }),
  });
  // By lists of one: the operator may list these, and needs no other right to read them.
  const read = (resource: ResourceRow, namespace: string, name: string) =>
    readOne(transport, resource, { namespace, name });
  return {
    clock,
    ask: createAsk({ clients, serverVersion: copies.facts.serverVersion }),
    act: (effect) => leading.ifLeading(() => act(effect)),
    report: (write) => leading.ifLeading(() => report(clients.operator, write)),
    tell: (notice) => events.record({ ...notice, action: 'Judge' }),
    load: createContentLoader(copies.place, (namespace, name) => read(ourResource('ReleaseBundle'), namespace, name)),
    loadObject: createObjectLoader({
      resourceOf: (ref) => (ref.kind === 'ReleaseCandidate' ? ourResource(ref.kind) : promotableResource(ref)),
      read: (resource, { namespace, name }) => read(resource, namespace, name),
      observed: (resource, object) => copies.reflectors.observed(resource, object),
      async keep(object) {
        if (object.kind === 'ReleaseCandidate') keptCandidate(candidateOf(object), copies.large);
        else liveObject(object, copies.large);
        await copies.large.settled();
      },
    }),
    settleMs,
  };
};

const readOne = async (
  transport: Transport,
  resource: ResourceRow,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<KubeObject> => {
  for await (const { items } of listPages(transport, resource, { namespace, name })) {
    if (items[0] !== undefined) return items[0];
  }
  throw new Failure('Gone', `${resource.kind} ${name} of ${namespace} is gone`);
};

const report = async (
  client: Client,
  { kind, namespace, name, uid, resourceVersion, status }: StatusWrite,
): Promise<void> => {
  await client.replaceStatus(ourResource(kind), {
    apiVersion,
    kind,
    metadata: { namespace, name, uid, resourceVersion },
    status,
  });
};
