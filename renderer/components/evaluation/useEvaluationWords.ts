// How evaluations, their cells and their figures are named and written in the window's language.
import { useI18n } from 'vue-i18n';
import type { EvaluateRequest, EvaluationCell, EvaluationReport, Interval } from '../../../main/contract/evaluation.ts';
import { useFormat } from '../../composables/useFormat.ts';
import { useModels } from '../../stores/models.ts';
import type { Quantity, Unit } from './quantities.ts';
import type { CellSeries } from './series.ts';

/** Shares of fewer pictures than this have no meaning behind the decimal point. */
const manyPictures = 400;

export function useEvaluationWords() {
  const { t } = useI18n();
  const format = useFormat();
  const models = useModels();
  const model = (id: string): string => models.byId(id)?.name ?? id;
  const gamma = (guidance: number): string => t('evaluation.gamma', { scale: format.scale(guidance) });

  /** A teacher is told with its sampler; a student has none of its own. */
  function maker(cell: Pick<EvaluationCell, 'model' | 'kind' | 'sampler'>): string {
    return cell.kind === 'student' ? model(cell.model) : `${model(cell.model)} · ${t(`form.samplers.${cell.sampler}.name`)}`;
  }

  function settings(cell: Pick<EvaluationCell, 'guidance' | 'steps'>): string {
    return `${gamma(cell.guidance)} · ${t('evaluation.steps', { n: cell.steps }, cell.steps)}`;
  }

  const cell = (one: EvaluationCell): string => `${maker(one)} · ${settings(one)}`;

  function series(one: CellSeries): string {
    return one.purpose === 'asked' ? maker(one) : `${maker(one)}, ${t(`evaluation.purposeShort.${one.purpose}`)}`;
  }

  function quantity(name: Quantity, report: EvaluationReport): string {
    if (name.startsWith('fact:')) return t(`evaluation.fact.${name.slice(5)}`);
    if (name.startsWith('score:')) return report.metrics.find(({ id }) => id === name.slice(6))?.name ?? name.slice(6);
    return t(`evaluation.quantity.${name}`);
  }

  /** `count`: pictures behind a share, which decide its decimals. */
  function value(of: number, unit: Unit, count = 0): string {
    switch (unit) {
      case 'share':
        return t('unit.percent', { n: format.number(of * 100, count >= manyPictures ? 1 : 0) });
      case 'ms':
        return format.duration(of);
      case 'passes':
        return format.number(of);
      case 'number':
        return format.number(of, Math.abs(of) >= 100 ? 0 : Math.abs(of) >= 10 ? 1 : 3);
    }
  }

  /** "55–67": the interval without its unit, in the digits of the estimate. */
  function range(of: Interval, unit: Unit, count = 0): string {
    if (unit === 'share') {
      const digits = count >= manyPictures ? 1 : 0;
      return `${format.number(of.low * 100, digits)}–${format.number(of.high * 100, digits)}`;
    }
    return `${value(of.low, unit)}–${value(of.high, unit)}`;
  }

  /** A difference of shares in percentage points, always with its sign. */
  function points(of: number, count = 0): string {
    const digits = count >= manyPictures ? 1 : 0;
    const rounded = Number((of * 100).toFixed(digits));
    return `${rounded > 0 ? '+' : rounded < 0 ? '−' : '±'}${format.number(Math.abs(rounded), digits)}`;
  }

  function prompts(request: EvaluateRequest, short = false): string {
    const source = typeof request.prompts === 'string' ? request.prompts : 'pasted';
    return t(`evaluation.${short ? 'promptsShort' : 'promptsOf'}.${source}`, { n: request.count }, request.count);
  }

  return { model, gamma, maker, settings, cell, series, quantity, value, range, points, prompts };
}
