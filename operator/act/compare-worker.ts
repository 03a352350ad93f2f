/** A thread that compares contents, so that seconds of it hold nothing up, and a heap that overflows is not the program's. */
import { parentPort, workerData } from 'node:worker_threads';
import { jsonObject } from '../api/meta.ts';
import type { CompareAnswer, CompareRequest, ContentText } from './compare.ts';
import { declareKinds } from '../decide/manifest/kinds/declared/registry.ts';
import { declaredRows } from '../decide/manifest/kinds/declared/row.ts';

// What compares is loaded when it is known which kinds there are.
declareKinds(declaredRows.parse(workerData));
const { compared } = await import('../decide/delta/compare.ts');

/** Parsed when it is looked at, each time anew: objects are compared one after the other, and all of them together are many times their text. */
const objectOf = ({ ref, digest, text }: ContentText) => ({
  ref,
  digest,
  get content() {
    return jsonObject(JSON.parse(text));
  },
});

const answerTo = ({ before, after, ...rest }: CompareRequest): CompareAnswer => {
  try {
    return {
      ok: true,
      shown: compared({
        ...rest,
        before: { ...before, objects: before.objects.map(objectOf) },
        after: { ...after, objects: after.objects.map(objectOf) },
      }),
    };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
};

parentPort?.on('message', (request: CompareRequest) => {
  parentPort?.postMessage(answerTo(request)); // oxlint-disable-line unicorn/require-post-message-target-origin -- a thread, not a window
});
