/** Has contents compared: small ones here, large ones by a thread of bounded heap and time, one after the other. */
import { Worker } from 'node:worker_threads';
import type { BundleObject } from '../decide/bundle.ts';
import { canonicalSteps, sizeOf } from '../decide/json/canonical.ts';
import { rowsDeclared } from '../decide/manifest/kinds/declared/registry.ts';
import type { ObjectRef } from '../decide/objects.ts';
import { Failure } from '../kube/failures.ts';
import { createLimit, inSlices } from '../work/slices.ts';
import { compared } from '../decide/delta/compare.ts';
import type { Comparison, Shown } from '../decide/comparison.ts';

/** Contents as they are sent to the thread: texts are copied far faster than what they hold. */
export interface ContentText {
  readonly ref: ObjectRef;
  readonly digest: string;
  readonly text: string;
}

export interface CompareRequest extends Omit<Comparison, 'before' | 'after'> {
  readonly before: Omit<Comparison['before'], 'objects'> & { readonly objects: readonly ContentText[] };
  readonly after: Omit<Comparison['after'], 'objects'> & { readonly objects: readonly ContentText[] };
}

export type CompareAnswer =
  { readonly ok: true; readonly shown: Shown } | { readonly ok: false; readonly message: string };

export interface Comparer {
  /** @throws {Failure} `TooLarge` when the contents cannot be compared within the bounds */
  compare(comparison: Comparison): Promise<Shown>;
  /** Ends the thread. */
  stop(): Promise<void>;
}

export interface CompareBounds {
  /** Contents together, in bytes of canonical JSON, above which the thread is asked. */
  readonly inlineBytes: number;
  readonly timeoutMs: number;
  /** Of the thread. */
  readonly heapMb: number;
  /** An idle thread is ended after this long: its memory is wanted elsewhere. */
  readonly idleMs: number;
}

const defaults: CompareBounds = { inlineBytes: 32 * 1024, timeoutMs: 120_000, heapMb: 112, idleMs: 2_000 };

/** Beside this file, as source or as the image has it. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? './compare-worker.ts' : './compare-worker.mjs',
  import.meta.url,
);

export const createComparer = (given: Partial<CompareBounds> = {}): Comparer => {
  const bounds = { ...defaults, ...given };
  const oneAtATime = createLimit(1);
  let thread: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;

  const end = async (): Promise<void> => {
    const ending = thread;
    thread = undefined;
    clearTimeout(idle);
    await ending?.terminate();
  };

  const begun = (): Worker => {
    clearTimeout(idle);
    thread ??= new Worker(program, {
      resourceLimits: { maxOldGenerationSizeMb: bounds.heapMb, maxYoungGenerationSizeMb: 4 },
      workerData: rowsDeclared(),
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    return thread;
  };

  const asked = async (request: CompareRequest): Promise<Shown> => {
    const answer = await answerOf(begun(), request, bounds.timeoutMs).catch(async (error: unknown) => {
      await end();
      throw error;
    });
    idle = setTimeout(() => void end(), bounds.idleMs);
    idle.unref();
    if (answer.ok) return answer.shown;
    throw new Failure('TooLarge', `what changes cannot be told: ${answer.message}`);
  };

  return {
    async compare(comparison) {
      const bytes = [...comparison.before.objects, ...comparison.after.objects].reduce(
        (sum, { content }) => sum + sizeOf(content),
        0,
      );
      if (bytes <= bounds.inlineBytes) return compared(comparison);
      return oneAtATime(async () => asked(await requestOf(comparison)));
    },
    stop: end,
  };
};

const texts = async (objects: readonly BundleObject[]): Promise<ContentText[]> => {
  const all: ContentText[] = [];
  for (const { ref, digest, content } of objects) {
    const text = (await inSlices(canonicalSteps(content))).join('');
    all.push({ ref, digest, text });
  }
  return all;
};

const requestOf = async ({ before, after, ...rest }: Comparison): Promise<CompareRequest> => {
  return {
    ...rest,
    before: { ...before, objects: await texts(before.objects) },
    after: { ...after, objects: await texts(after.objects) },
  };
};

const answerOf = (thread: Worker, request: CompareRequest, timeoutMs: number): Promise<CompareAnswer> =>
  new Promise((resolve, reject) => {
    const over = (error: Error): void => reject(new Failure('TooLarge', error.message, { cause: error }));
    const timer = setTimeout(() => over(new Error(`comparing took longer than ${timeoutMs / 1_000} s`)), timeoutMs);
    const exited = (): void => over(new Error('comparing took more memory than there is for it'));
    const settle = (): void => {
      clearTimeout(timer);
      thread.off('error', failed).off('exit', exited).off('message', answered);
    };
    const failed = (error: Error): void => {
      settle();
      over(error);
    };
    const answered = (answer: CompareAnswer): void => {
      settle();
      resolve(answer);
    };
    thread.on('error', failed).on('exit', exited).on('message', answered);
    thread.postMessage(request); // oxlint-disable-line unicorn/require-post-message-target-origin -- a thread, not a window
  });
