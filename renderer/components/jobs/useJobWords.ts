// How jobs, what they learn from and what they cost are named and written in the window's language.
import { useI18n } from 'vue-i18n';
import type { JobConfig, JobRecord } from '../../../main/contract/jobs.ts';
import { useFormat } from '../../composables/useFormat.ts';
import { rateOf } from '../../stores/jobs-list.ts';
import { useModels } from '../../stores/models.ts';

export function useJobWords() {
  const { t, locale } = useI18n();
  const format = useFormat();
  const models = useModels();
  const model = (id: string): string => models.byId(id)?.name ?? id;
  const seconds = (time: number): string => format.duration(time * 1000);

  /** Of what goes on by itself: whole seconds, which do not flicker. */
  const clock = (time: number): string => (time < 59.5 ? t('unit.s', { n: format.number(time) }) : seconds(time));

  /** Losses and rates span many powers of ten: three digits, whatever the power. */
  function small(value: number | null | undefined): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–';
    if (value === 0) return '0';
    const power = Math.floor(Math.log10(Math.abs(value)));
    if (power >= -4 && power < 4) return value.toLocaleString(locale.value, { maximumSignificantDigits: 3, useGrouping: false });
    return value.toLocaleString(locale.value, { notation: 'scientific', maximumSignificantDigits: 3 });
  }

  /** "Storybook · Euler + CFG → TeEFusion" */
  function recipe({ teacher, strategy, kind }: Pick<JobConfig, 'teacher' | 'strategy' | 'kind'>): string {
    return t('jobs.recipe', { teacher: model(teacher), strategy: t(`form.samplers.${strategy}.name`), kind: t(`jobs.kind.${kind}.name`) });
  }

  /** The same without the teacher, where there is little room. */
  const lesson = ({ strategy, kind }: Pick<JobConfig, 'strategy' | 'kind'>): string => t('jobs.lesson', { strategy: t(`form.samplers.${strategy}.name`), kind: t(`jobs.kind.${kind}.name`) });

  function source({ source: from }: Pick<JobConfig, 'source'>): string {
    switch (from.kind) {
      case 'storybook':
        return t('jobs.source.storybook');
      case 'library':
        return from.search === '' ? t('jobs.source.library') : t('jobs.sourceOf.library', { search: from.search });
      case 'folder':
      case 'file':
        return from.path;
      case 'list':
        return t('jobs.sourceOf.list', { n: format.count(from.prompts.length) }, from.prompts.length);
    }
  }

  function phase({ state, progress }: Pick<JobRecord, 'state' | 'progress'>, short = false): string {
    if (state === 'running' && progress !== null) return t(`jobs.${short ? 'phaseShort' : 'phase'}.${progress.phase}`);
    return t(`jobs.state.${state}`);
  }

  function done({ progress, config }: Pick<JobRecord, 'progress' | 'config'>): string {
    if (progress === null) return t('jobs.done.learning', { done: 0, total: format.count(config.steps) });
    return t(`jobs.done.${progress.phase}`, { done: format.count(progress.step), total: format.count(progress.steps) });
  }

  function rate(record: Pick<JobRecord, 'progress' | 'config'>): string {
    const perSecond = rateOf(record);
    if (perSecond === null || !Number.isFinite(perSecond) || perSecond <= 0) return '';
    const phase = record.progress?.phase ?? 'learning';
    // Slower than one a second reads better the other way round.
    if (perSecond < 1) return t(`jobs.pace.${phase}`, { time: seconds(1 / perSecond) });
    return t(`jobs.rate.${phase}`, { n: format.number(perSecond, perSecond < 10 ? 1 : 0) });
  }

  return { model, seconds, clock, small, recipe, lesson, source, phase, done, rate };
}
