// Draws the trainings' logs and learning curves of docs/training/*.csv as docs/images/training-NAME.svg.
// node scripts/node.mjs scripts/measure/training-plots.ts [--docs docs]
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { plotSvg, type PlotSeries } from '../../main/evaluation/plot.ts';
import { readCurve, type CurvePoint } from './curve.ts';

const { values: { docs } } = parseArgs({ options: { docs: { type: 'string', default: path.join(import.meta.dirname, '../../docs') } } });
const folder = path.join(docs, 'training');

/** As scripts/measure/training-log.ts writes it, where a run of several phases may have them in a column; null for other tables. */
function lossSeries(name: string, csv: string): PlotSeries[] | null {
  const [header, ...rows] = csv.trimEnd().split('\n').map((line) => line.split(','));
  const [phase, loss, seconds] = ['phase', 'loss', 'seconds'].map((column) => header!.indexOf(column)) as [number, number, number];
  if (loss < 0 || seconds < 0 || rows.length === 0) return null;
  return [...Map.groupBy(rows, (row) => (phase < 0 ? name : row[phase]!))].map(([title, own]) => (
    { name: title, joined: true, points: own.map((row) => ({ x: Number(row[seconds]) / 60, y: Number(row[loss]) })) }
  ));
}

function curveSeries(points: readonly CurvePoint[]): PlotSeries[] {
  return [...Map.groupBy(points, ({ model, guidance }) => `${model}, guidance ${guidance}`)].flatMap(([name, own]) => (['one', 'two'] as const).map((group): PlotSeries => ({
    name: `${name}, ${group === 'one' ? 'one object' : 'two objects'}`, joined: true, dashed: group === 'two',
    points: own.map((point) => ({ x: point.hours, y: point[group].value, low: point[group].low, high: point[group].high })),
  })));
}

for (const file of (await readdir(folder)).filter((name) => name.endsWith('.csv')).sort()) {
  const csv = await readFile(path.join(folder, file), 'utf8');
  const name = file.replace('.csv', '');
  const target = path.join(docs, 'images', `training-${name}.svg`);
  if (name === 'learning-curve') {
    const plot = { title: 'Held-out prompts against training time', x: { label: 'hours inside the steps' }, y: { label: 'every fact right, 95 % intervals', percent: true } };
    await writeFileAtomic(target, plotSvg({ ...plot, series: curveSeries(readCurve(csv)) }));
  } else {
    const series = lossSeries(name, csv);
    if (series === null) {
      console.log(`${file}: not a training's log.`);
      continue;
    }
    await writeFileAtomic(target, plotSvg({ title: `Training: ${name}`, x: { label: 'minutes inside the steps' }, y: { label: 'loss, mean of each stretch' }, series }));
  }
  console.log(target);
}
