const unit = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/**
 * A duration of our API (`72h`, `1h30m`, `10s`) in milliseconds.
 * The API server has checked the spelling; anything else here is a bug and throws.
 */
export const milliseconds = (duration: string): number => {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  if (parts === null || duration === '') throw new RangeError(`not a duration: ${duration}`);
  const [, hours = '0', minutes = '0', seconds = '0'] = parts;
  return Number(hours) * unit.h + Number(minutes) * unit.m + Number(seconds) * unit.s;
};
