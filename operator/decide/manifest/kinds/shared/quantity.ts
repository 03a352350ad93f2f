/** Amounts as Kubernetes writes them: `10Gi`, `500m`, `1e3`. */

const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimal = ['k', 'M', 'G', 'T', 'P', 'E'];

const factors = new Map([
  ...binary.map((suffix, index) => [suffix, 1024 ** (index + 1)] as const),
  ...decimal.map((suffix, index) => [suffix, 1000 ** (index + 1)] as const),
  ['', 1],
  ['m', 1e-3],
  ['u', 1e-6],
  ['n', 1e-9],
]);

/** The amount as a number, exact up to 2⁵³; undefined for what is not a quantity. */
export const amount = (quantity: string): number | undefined => {
  const [, digits, exponent, suffix = ''] =
    /^([+-]?[0-9.]+)(?:[eE]([+-]?[0-9]+)|([A-Za-z]{1,2}))?$/.exec(quantity) ?? [];
  const factor = exponent === undefined ? factors.get(suffix) : 10 ** Number(exponent);
  const value = Number(digits) * (factor ?? Number.NaN);
  return Number.isNaN(value) ? undefined : value;
};
