// What a cell of a report can be asked for: the figures of the tables and the axes of the charts, by name. Pure.
import { JudgedFact, type CellResult, type EvaluationReport, type Interval, type Share } from '../../../main/contract/evaluation.ts';

export type Quantity =
  | 'all' | 'one' | 'two' | 'frechet' | 'memorised' | 'saturation' | 'contrast' | 'distance' | 'ms' | 'nfe'
  | `fact:${JudgedFact}` | `score:${string}`;

/** Whether more of it is worse. */
export function lowerIsBetter(quantity: Quantity): boolean {
  return ['frechet', 'memorised', 'distance', 'ms', 'nfe'].includes(quantity);
}

export type Unit = 'share' | 'number' | 'ms' | 'passes';

export const judgedFacts = JudgedFact.options;

/** The figure with its interval, the estimate alone where none was measured; null where the cell has none. */
export function figure(cell: CellResult, quantity: Quantity): Interval | null {
  const { adherence } = cell;
  if (quantity.startsWith('fact:')) return adherence.all?.facts[quantity.slice(5) as JudgedFact] ?? null;
  if (quantity.startsWith('score:')) return cell.scores[quantity.slice(6)] ?? null;
  switch (quantity) {
    case 'all':
      return adherence.all?.all ?? null;
    case 'one':
    case 'two':
      return adherence[quantity]?.all ?? null;
    case 'nfe':
      return { value: cell.nfe, low: cell.nfe, high: cell.nfe };
    case 'distance':
      return cell.distanceToTeacher;
    case 'frechet':
    case 'memorised':
    case 'saturation':
    case 'contrast':
    case 'ms':
      return cell[quantity];
    default:
      return null;
  }
}

/** How many pictures a share is a share of; null for what is no share. */
export function sharedBy(cell: CellResult, quantity: Quantity): Share | null {
  const interval = figure(cell, quantity);
  return interval !== null && 'asked' in interval ? (interval as Share) : null;
}

export function unitOf(quantity: Quantity): Unit {
  if (quantity === 'ms') return 'ms';
  if (quantity === 'nfe') return 'passes';
  const shares = ['all', 'one', 'two', 'memorised', 'saturation', 'contrast'];
  return quantity.startsWith('fact:') || shares.includes(quantity) ? 'share' : 'number';
}

/** Only what at least one cell of the report has, in the order of the tables. */
export function quantitiesOf(report: EvaluationReport): Quantity[] {
  const every: Quantity[] = [
    'all', 'one', 'two', ...judgedFacts.map((fact): Quantity => `fact:${fact}`), 'frechet', 'memorised', 'saturation', 'contrast', 'distance',
    ...report.metrics.map(({ id }): Quantity => `score:${id}`),
  ];
  return every.filter((quantity) => report.cells.some((cell) => figure(cell, quantity) !== null));
}
