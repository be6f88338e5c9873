// Numbers, times and sizes in the window's language. Widths stay the same while a value changes: fixed decimals.
import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import { durationParts, sizeParts } from './format.ts';

export function useFormat() {
  const { t, locale } = useI18n();

  const formatters = computed(() => {
    const language = locale.value;
    const fixed = new Map<number, Intl.NumberFormat>();
    return (value: number, digits: number): string => {
      const format = fixed.get(digits) ?? new Intl.NumberFormat(language, {
        minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false,
      });
      fixed.set(digits, format);
      return format.format(value);
    };
  });

  const number = (value: number, digits = 0): string => formatters.value(value, digits);
  const guidance = (value: number): string => number(value, Math.abs(value * 10 - Math.round(value * 10)) < 1e-6 ? 1 : 2);

  /** A guidance scale as it was typed. */
  const scale = (value: number): string => value.toLocaleString(locale.value, { maximumFractionDigits: 2 });
  /** Large counts, in groups of three. */
  const count = (n: number): string => n.toLocaleString(locale.value);

  const dates = computed(() => new Intl.DateTimeFormat(locale.value, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false }));
  /** Day and time of an ISO instant, here. */
  const when = (instant: string): string => dates.value.format(new Date(instant));

  function duration(ms: number): string {
    const parts = durationParts(ms);
    switch (parts.unit) {
      case 'ms':
        return t('unit.ms', { n: number(parts.value) });
      case 's':
        return t('unit.s', { n: number(parts.value, parts.digits) });
      case 'min':
        return t('unit.minutes', { m: number(parts.minutes), s: number(parts.seconds) });
      case 'h':
        return t('unit.hours', { h: number(parts.hours), m: number(parts.minutes) });
    }
  }

  function size(bytes: number): string {
    const { unit, value, digits } = sizeParts(bytes);
    return t(`unit.${unit}`, { n: number(value, digits) });
  }

  return { number, guidance, scale, count, when, duration, size };
}
