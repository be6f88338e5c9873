import { describe, expect, it } from 'vitest';
import { durationParts, sizeParts } from './format.ts';

describe('quantities', () => {
  it('tell times with three digits and never "1000 ms", "10.00 s" or "60.0 s"', () => {
    expect(durationParts(0)).toEqual({ unit: 'ms', value: 0 });
    expect(durationParts(999.4)).toEqual({ unit: 'ms', value: 999 });
    expect(durationParts(999.6)).toMatchObject({ unit: 's', digits: 2 });
    expect(durationParts(9996)).toMatchObject({ unit: 's', digits: 1 });
    expect(durationParts(59_960)).toEqual({ unit: 'min', minutes: 1, seconds: 0 });
    expect(durationParts(3_599_400)).toEqual({ unit: 'min', minutes: 59, seconds: 59 });
    expect(durationParts(3_599_600)).toEqual({ unit: 'h', hours: 1, minutes: 0 });
    expect(durationParts(8 * 3_600_000 - 20_000)).toEqual({ unit: 'h', hours: 8, minutes: 0 });
    expect(durationParts(61_400)).toEqual({ unit: 'min', minutes: 1, seconds: 1 });
  });

  it('tell sizes in binary units', () => {
    expect(sizeParts(0)).toEqual({ unit: 'bytes', value: 0, digits: 0 });
    expect(sizeParts(1536)).toEqual({ unit: 'kib', value: 1.5, digits: 1 });
    expect(sizeParts(14 * 2 ** 20)).toEqual({ unit: 'mib', value: 14, digits: 1 });
    expect(sizeParts(3 * 2 ** 40)).toEqual({ unit: 'gib', value: 3072, digits: 1 });
  });
});
