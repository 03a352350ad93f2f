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

const decimalSuffixes = ['n', 'u', 'm', '', ...decimal];
const binarySuffixes = ['', ...binary];

/** As large a unit as leaves it whole. */
const inUnits = (value: bigint, step: bigint, suffixes: readonly string[]): string => {
  let [rest, unit] = [value, 0];
  while (rest % step === 0n && unit < suffixes.length - 1) {
    rest /= step;
    unit += 1;
  }
  return `${rest}${suffixes[unit] ?? ''}`;
};

const inNano = (whole: string, fraction: string, factor: bigint): bigint => {
  const [scaled, parts] = [BigInt(whole + fraction) * factor, 10n ** BigInt(fraction.length)];
  return (scaled + parts - 1n) / parts;
};

/** An amount as programs write it back that have read it into the types of Kubernetes: in its shortest form. What is rare stays as it is. */
export const canonicalQuantity = (quantity: string): string => {
  const [, sign, whole = '', fraction = '', suffix = ''] =
    /^(-?)(0|[1-9][0-9]{0,17}|)(?:\.([0-9]{1,9}))?([A-Za-z]{0,2})$/.exec(quantity) ?? [];
  const isKnown = binary.includes(suffix) || decimalSuffixes.includes(suffix);
  if (sign === undefined || whole + fraction === '' || !isKnown) return quantity;
  const isBinary = binary.includes(suffix);
  const factor = isBinary
    ? 1_000_000_000n * 1024n ** BigInt(binary.indexOf(suffix) + 1)
    : 1000n ** BigInt(decimalSuffixes.indexOf(suffix));
  const nano = inNano(whole, fraction, factor);
  if (nano === 0n) return '0';
  const units = nano / 1_000_000_000n;
  const isWhole = nano % 1_000_000_000n === 0n;
  return `${sign}${isBinary && isWhole && units >= 1024n ? inUnits(units, 1024n, binarySuffixes) : inUnits(nano, 1000n, decimalSuffixes)}`;
};
