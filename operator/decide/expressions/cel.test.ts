import { expect, test } from '@jest/globals';
import type { JsonObject } from '../../api/meta.ts';
import { compile } from './cel.ts';

const ask = (text: string, object: JsonObject) => {
  const compiled = compile(text);
  if (!compiled.ok) throw new Error(compiled.problem);
  return compiled.expression.ask(object);
};

const widget = (status: JsonObject): JsonObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w', generation: 3, annotations: { 'a.b/c': 'd' } },
  spec: { size: 2, ratio: 0.5 },
  status,
});

const yes = { ok: true, holds: true };
const no = { ok: true, holds: false };

test.each([
  ['status.observedGeneration == metadata.generation', { observedGeneration: 3 }, yes],
  [
    'status.conditions.exists(c, c.type == "Ready" && c.status == "True")',
    { conditions: [{ type: 'Ready', status: 'True' }] },
    yes,
  ],
  ['status.conditions.exists(c, c.type == "Ready" && c.status == "True")', { conditions: [] }, no],
  ['has(status.phase) && status.phase in ["Failed", "Lost"]', {}, no],
  ['status.?phase.orValue("") == "Up"', {}, no],
  ['status.ready + 1 > spec.size && spec.ratio < 1', { ready: 2 }, yes],
  ['self.metadata.annotations["a.b/c"] == "d" && kind == "Widget"', {}, yes],
  ['status.pools.all(p, p.members.exists(m, m.up))', { pools: [{ members: [{ up: true }] }, { members: [] }] }, no],
])('%s', (text, status, answer) => {
  expect(ask(text, widget(status))).toEqual(answer);
});

test.each([
  ['a field that is not there', 'status.phase == "Up"', {}, 'No such key: phase'],
  ['a value of another type', 'status.ready', { ready: 'yes' }, 'something else than true or false'],
  [
    'a list that has too many items',
    'status.all.exists(a, a == 1)',
    { all: Array.from({ length: 201 }, () => 0) },
    'status.all has more than 200 items',
  ],
  [
    'a map that has too many fields',
    'status.all.exists(a, a == "x")',
    { all: Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`k${n}`, 0])) },
    'status.all has more than 200 fields',
  ],
  [
    'a string that is too long',
    'status.text.contains("x")',
    { text: 'y'.repeat(4_097) },
    'status.text is longer than 4096 characters',
  ],
  ['a name that every object of JavaScript has', 'status.constructor == 1', {}, 'No such key: constructor'],
])('%s is no answer, and says why', (_, text, status, why) => {
  expect(ask(text, widget(status))).toEqual({ ok: false, why: expect.stringContaining(why) });
});

test('what an expression does not look at may be as large as it likes, and as deep', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`) as JsonObject;
  const object = widget({
    phase: 'Up',
    log: 'x'.repeat(1_000_000),
    deep,
    all: Array.from({ length: 10_000 }, () => 1),
  });
  expect(ask('status.phase == "Up"', object)).toEqual(yes);
  expect(ask('status.deep == status.deep', object)).toEqual({
    ok: false,
    why: expect.stringContaining('more than 32 levels deep'),
  });
});

test('an object cannot make an expression look at more than it may', () => {
  const item = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, { a: n }]));
  const all = Array.from({ length: 200 }, () => item);
  expect(ask('status.all.all(a, status.all.all(b, a == b))', widget({ all }))).toEqual({
    ok: false,
    why: 'it looks at more than 100000 values',
  });
});

test.each([
  ['a name that no object has', 'stage.phase == "Up"', 'Unknown variable: stage'],
  ['a syntax error', 'status.phase ==', 'Unexpected token'],
  ['a number', '1 + 1', 'must give true or false'],
  ['a regular expression, which may take for ever', 'status.phase.matches("(a+)+$")', 'may not call matches'],
  ['a binding, which may double and double', 'cel.bind(a, status.x + status.x, a == a)', 'may not call bind'],
  ['three lists in one another', 'status.a.all(x, x.all(y, y.all(z, z)))', '2 deep'],
  ['a long text', `status.phase == "${'x'.repeat(1_024)}"`, 'longer than 1024 characters'],
  ['a large expression', Array.from({ length: 80 }, () => 'has(spec)').join('||'), 'maxAstNodes'],
])('%s is refused when it is read', (_, text, problem) => {
  expect(compile(text)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
});
