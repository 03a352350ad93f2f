/** The message of a refusal of the gate, and what it has to be told for it. */
import type { Denial } from './denial.ts';
import { denials, type DenialCode } from './denials.ts';

type NamesIn<Text extends string> = Text extends `${string}{{${infer Name}}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;

/** What the message of a refusal has to be told. */
type DenialFacts<Code extends DenialCode> = Readonly<
  Record<'caller' | NamesIn<(typeof denials)[Code]['what' | 'why' | 'next']>, string>
>;

/** What it has to be told beside facts that are known of every request. */
export type MoreFacts<Code extends DenialCode, Known extends string> = Omit<DenialFacts<Code>, Known> &
  Partial<Readonly<Record<Known, string>>>;

/** The message of a refusal: code, who may not do what, why, and what to do next. */
export const denialText = <Code extends DenialCode, Known extends string>(
  code: Code,
  known: Readonly<Record<Known, string>>,
  more: MoreFacts<Code, NoInfer<Known>>,
): string => {
  const { what, why, next }: Denial = denials[code];
  const facts = new Map(Object.entries<string>({ ...known, ...more }));
  return `${code}: {{caller}} may not ${what}: ${why}. Next: ${next}`.replaceAll(
    /\{\{(\w+)\}\}/g,
    (_, name: string) => facts.get(name) ?? '',
  );
};

/** The rule that a message of a refusal begins with; undefined = it begins with none. */
export const denialIn = (message: string): DenialCode | undefined => {
  const code = message.slice(0, message.indexOf(':'));
  return isDenial(code) ? code : undefined;
};

const isDenial = (code: string): code is DenialCode => Object.hasOwn(denials, code);
