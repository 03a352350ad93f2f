/** Prometheus's own engine over what programs really reported: `promtool test rules`, which `make rules` builds. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../hack/controlplane/tools.ts';

/** Set by `make rules`; '' = there is none. */
export const promtool = process.env['COUNTERSIGN_PROMTOOL'] ?? '';

const sample = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) ([^ ]+)$/;

/** Series by what names them, of one scrape. */
const seriesIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [, series, value] = sample.exec(line) ?? [];
      return series === undefined || value === undefined || !/^[-+\d.eE]+$/.test(value)
        ? []
        : [[series, value] as const];
    }),
  );

/**
 * What each query gives at the last of these scrapes, which are a minute apart: '' = nothing.
 * @throws with promtool's words for a query that it cannot evaluate
 */
export const evaluated = async (
  scrapes: readonly string[],
  queries: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  const seen = scrapes.map(seriesIn);
  const names = [...new Set(seen.flatMap((each) => [...each.keys()]))];
  const folder = await mkdtemp(join(tmpdir(), 'countersign-queries-'));
  try {
    const file = join(folder, 'queries.json');
    const eval_time = `${scrapes.length - 1}m`;
    const tests = queries.map((expr) => ({
      interval: '1m',
      input_series: names
        .filter((series) => expr.includes(series.split('{', 1)[0] ?? ''))
        .map((series) => ({ series, values: seen.map((each) => each.get(series) ?? '_').join(' ') })),
      // What is expected is nothing: promtool says what there is instead.
      promql_expr_test: [{ expr, eval_time, exp_samples: [] }],
    }));
    const answers = new Map<string, string>();
    for (const [at, each] of tests.entries()) {
      await writeFile(file, JSON.stringify({ evaluation_interval: '1m', tests: [each] }));
      const { code, stdout, stderr } = await run(promtool, ['test', 'rules', file]);
      const [, got = ''] = /got:\s*"?(.*)/s.exec(`${stdout}${stderr}`) ?? [];
      if (code !== 0 && got === '') throw new Error(`${queries[at] ?? ''}: ${stdout}${stderr}`);
      answers.set(queries[at] ?? '', code === 0 ? '' : got.trim());
    }
    return answers;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
