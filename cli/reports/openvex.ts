/** OpenVEX, in JSON. */
import { z } from 'zod';
import { checked } from './json.ts';
import type { Vex } from './vex.ts';

const identified = z.object({
  '@id': z.string().optional(),
  identifiers: z.object({ purl: z.string().optional() }).optional(),
});

const statement = z.object({
  vulnerability: z.object({
    name: z.string().optional(),
    '@id': z.string().optional(),
    aliases: z.array(z.string()).optional(),
  }),
  products: z.array(identified.extend({ subcomponents: z.array(identified).optional() })).optional(),
  status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
  justification: z.string().optional(),
  impact_statement: z.string().optional(),
  timestamp: z.string().optional(),
});

const openVex = z.object({
  '@context': z.string(),
  author: z.string(),
  statements: z.array(statement),
});

const namesOf = ({ '@id': id, identifiers }: z.infer<typeof identified>): readonly string[] =>
  [id, identifiers?.purl].flatMap((each) => each ?? []);

/** @throws BadReport */
export const readOpenVex = async (value: unknown, text: string): Promise<Vex> => {
  const { author, statements } = await checked(openVex, value, text);
  return {
    author: `${author} (OpenVEX)`,
    statements: statements.map(({ vulnerability: { name, '@id': id, aliases = [] }, products = [], ...said }) => ({
      ids: [name, id, ...aliases].flatMap((each) => each ?? []),
      products: products.map(({ subcomponents = [], ...product }) => ({
        names: namesOf(product),
        parts: subcomponents.map(namesOf),
      })),
      status: said.status,
      why: [said.justification, said.impact_statement].filter(Boolean).join(': '),
    })),
  };
};
