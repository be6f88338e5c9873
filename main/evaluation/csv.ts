// The cells of a report as a table for other programs: one row per cell, RFC 4180. Shares, saturation and contrast are in [0, 1].
import type { CellResult, EvaluationReport, Interval } from '../contract/evaluation.ts';
import { factNames } from '../storybook/evaluator.ts';

type Field = string | number | null;
type Column = readonly [name: string, of: (cell: CellResult) => Field];

/** UTF-8 text with a header row, lines ended by CR LF; what is not known is empty. */
export function reportCsv(report: EvaluationReport): string {
  const columns: Column[] = [
    ['cell', ({ key }) => key], ['purpose', ({ purpose }) => purpose], ['model', ({ model }) => model], ['kind', ({ kind }) => kind],
    ['sampler', ({ sampler }) => sampler], ['guidance', ({ guidance }) => guidance], ['effective_guidance', ({ effectiveGuidance }) => effectiveGuidance],
    ['steps', ({ steps }) => steps], ['nfe', ({ nfe }) => nfe], ['pictures', ({ count }) => count],
    ...(['all', 'one', 'two'] as const).flatMap((group): Column[] => [
      ...intervalColumns(group === 'all' ? 'all_facts' : `all_facts_${group}_object${group === 'two' ? 's' : ''}`, ({ adherence }) => adherence[group]?.all ?? null),
      ...factNames.map((fact): Column => [
        group === 'all' ? `fact_${fact}` : `fact_${fact}_${group}_object${group === 'two' ? 's' : ''}`, ({ adherence }) => adherence[group]?.facts[fact]?.value ?? null,
      ]),
    ]),
    ...intervalColumns('frechet', ({ frechet }) => frechet),
    ...intervalColumns('memorised', ({ memorised }) => memorised),
    ...intervalColumns('saturation', ({ saturation }) => saturation), ['saturation_real', ({ real }) => real?.saturation ?? null],
    ...intervalColumns('contrast', ({ contrast }) => contrast), ['contrast_real', ({ real }) => real?.contrast ?? null],
    ...intervalColumns('ms', ({ ms }) => ms),
    ...intervalColumns('distance_to_teacher', ({ distanceToTeacher }) => distanceToTeacher),
    ...report.metrics.flatMap(({ id }) => intervalColumns(`score_${id}`, ({ scores }) => scores[id] ?? null)),
  ];
  const rows = [columns.map(([name]) => name), ...report.cells.map((cell) => columns.map(([, of]) => of(cell)))];
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function intervalColumns(name: string, of: (cell: CellResult) => Interval | null): Column[] {
  return (['value', 'low', 'high'] as const).map((part) => [part === 'value' ? name : `${name}_${part}`, (cell) => of(cell)?.[part] ?? null]);
}

/** Six digits say more than any of these numbers knows. */
function field(value: Field): string {
  if (value === null) return '';
  const text = typeof value === 'number' ? String(Number(value.toPrecision(6))) : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
