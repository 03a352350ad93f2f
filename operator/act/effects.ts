/** Carries out effects. Each names what it believes, so a wrong belief comes back as 409 and is judged again; each is safe to repeat. */
import { inFlightFinalizer } from '../api/kinds.ts';
import type { JsonObject } from '../api/meta.ts';
import { sizeOf } from '../decide/json/canonical.ts';
import { firstLine } from '../decide/messages.ts';
import type { Effect, ObjectEffect, Writer } from '../decide/plan.ts';
import { fieldManagers } from '../api/field-managers.ts';
import type { Client } from '../kube/client.ts';
import { toFailure, type Failure, type FailureKind } from '../kube/failures.ts';
import { manifestOf, type Manifest, type ResourceRow } from '../kube/resource.ts';
import type { Append } from '../ledger/append.ts';
import { grantResource, ourResource } from '../kube/rows.ts';
import { createLimit } from '../work/slices.ts';
import { createBundle } from './bundle.ts';
import { nothingShown, type Comparison, type Shown } from '../decide/comparison.ts';
import { promotableResource } from '../decide/manifest/kinds/index.ts';

export interface ActTools {
  /** One client for each of the two ServiceAccounts. */
  readonly clients: Readonly<Record<Writer, Client>>;
  readonly append: Append;
  readonly compare: (comparison: Comparison) => Promise<Shown>;
  /** Told every write to production that the API server took, for metrics. */
  readonly wrote: (effect: ObjectEffect) => void;
  /** Told every write to production that it did not take. `isFinal`: repeating it changes nothing by itself. */
  readonly notTaken: (effect: ObjectEffect, why: { readonly message: string; readonly isFinal: boolean }) => void;
}

/**
 * A failure: a write to production was refused in a way that repeating does not change by itself. What was to follow is not done: the next plan
 * knows of it.
 */
export type Done = 'Done' | Failure;

export type Act = (effect: Effect) => Promise<Done>;

const pods: ResourceRow = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

/** Requests in flight at once for one group of independent writes. */
const atOnce = 16;

export const createAct =
  (tools: ActTools): Act =>
  async (effect) => {
    if (effect.do === 'Together') return together(tools, effect.effects);
    await carryOut(tools, effect);
    return 'Done';
  };

const carryOut = async (tools: ActTools, effect: Exclude<Effect, { do: 'Together' }>): Promise<void> => {
  switch (effect.do) {
    case 'Append':
      return tools.append(effect.namespace, effect.draft, effect.packageSeq);
    case 'AppendEach':
      await Promise.all(effect.drafts.map((draft) => tools.append(effect.namespace, draft)));
      return;
    case 'CreateBundle':
      return freeze(tools, effect);
    case 'CreateGrant':
      return already('AlreadyExists', tools.clients.operator.createResource(...grant(effect.manifest)));
    case 'ReplaceGrant':
      return void (await tools.clients.operator.replaceResource(...grant(effect.manifest)));
    case 'RemoveGrant': {
      const { kind, namespace, name, uid } = effect;
      return already(
        'NotFound',
        tools.clients.restorer.deleteResource(grantResource(kind), { namespace, name }, { uid }),
      );
    }
    case 'DeletePod': {
      const { namespace, pod, uid } = effect;
      return already('NotFound', tools.clients.restorer.deleteResource(pods, { namespace, name: pod }, { uid }));
    }
    case 'Evict': {
      const { namespace, pod, uid } = effect;
      return already('NotFound', tools.clients.restorer.evictPod({ namespace, name: pod }, uid));
    }
    case 'SetFinalizers':
      return setFinalizers(tools.clients.operator, effect);
    case 'ApplyPolicy': {
      const { namespace, name, patch } = effect;
      const ref = { namespace, name };
      return void (await tools.clients.operator.patchResource(ourResource('ReleasePolicy'), ref, patch, {
        type: 'Json',
      }));
    }
    case 'Remove': {
      const { kind, namespace, name, uid } = effect;
      return already(
        'NotFound',
        tools.clients.operator.deleteResource(ourResource(kind), { namespace, name }, { uid }),
      );
    }
  }
};

/** Large contents are there several times over while they are compared and written: those of one bundle at a time. */
const heavy = createLimit(1);
const heavyBytes = 256 * 1024;

const freeze = async (tools: ActTools, { bundle, compare }: Extract<Effect, { do: 'CreateBundle' }>): Promise<void> => {
  const write = async (): Promise<void> =>
    createBundle(tools.clients.operator, bundle, compare === undefined ? nothingShown : await tools.compare(compare));
  const bytes = bundle.objects.reduce((sum, { content }) => sum + sizeOf(content), 0);
  await (bytes > heavyBytes ? heavy(write) : write());
};

const grant = (manifest: JsonObject): [ResourceRow, Manifest] => [
  grantResource(manifest['kind'] === 'Role' ? 'Role' : 'RoleBinding'),
  manifestOf(manifest),
];

/** A failure that means the effect is there already. */
const already = async (kind: FailureKind, call: Promise<unknown>): Promise<void> => {
  try {
    await call;
  } catch (error) {
    if (toFailure(error).kind !== kind) throw error;
  }
};

interface Finalizers {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly finalizers: readonly string[];
}

const setFinalizers = async (
  client: Client,
  { namespace, name, uid, resourceVersion, finalizers }: Finalizers,
): Promise<void> => {
  const patch = client.patchResource(
    ourResource('ReleaseCandidate'),
    { namespace, name },
    { metadata: { uid, resourceVersion, finalizers } },
    { type: 'Merge' },
  );
  // A candidate that is gone needs no finalizer taken off.
  await (finalizers.includes(inFlightFinalizer) ? patch : already('NotFound', patch));
};

/** All are tried, whatever becomes of the others: a rollback restores what it can. */
const together = async (tools: ActTools, effects: readonly ObjectEffect[]): Promise<Done> => {
  const waiting = [...effects];
  const failures: Failure[] = [];
  const worker = async (): Promise<void> => {
    for (let effect = waiting.shift(); effect !== undefined; effect = waiting.shift()) {
      const failure = await write(tools, effect);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, effects.length) }, worker));
  const passing = failures.find(({ kind }) => !final.has(kind));
  if (passing !== undefined) throw passing;
  return failures[0] ?? 'Done';
};

/** Refusals that repeating will not change by itself. */
const final: ReadonlySet<FailureKind> = new Set(['Invalid', 'TooLarge', 'Forbidden']);

/** What became of one write: the failure is told, and an answer like any other. */
const write = async (tools: ActTools, effect: ObjectEffect): Promise<Failure | undefined> => {
  try {
    await send(tools.clients[effect.as], effect);
    tools.wrote(effect);
    return undefined;
  } catch (error) {
    const failure = toFailure(error);
    tools.notTaken(effect, { message: firstLine(failure.message), isFinal: final.has(failure.kind) });
    return failure;
  }
};

const send = async (client: Client, effect: ObjectEffect): Promise<void> => {
  const resource = promotableResource(effect.ref);
  const options = { fieldManager: fieldManagers[effect.as] };
  switch (effect.do) {
    case 'Create':
      await client.createResource(resource, manifestOf(effect.manifest), options);
      return;
    case 'Replace':
      await client.replaceResource(resource, manifestOf(effect.manifest), options);
      return;
    case 'Delete': {
      const { namespace, ref, uid, resourceVersion } = effect;
      await already(
        'NotFound',
        client.deleteResource(resource, { namespace, name: ref.name }, { uid, resourceVersion }),
      );
    }
  }
};
