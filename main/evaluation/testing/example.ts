// A small evaluation made up for tests: a teacher, a student and controls over the first published prompts, pictures of one colour each.
import { EvaluateRequest, type EvaluationReport } from '../../contract/evaluation.ts';
import type { ModelInfo } from '../../contract/schemas.ts';
import { planCells } from '../cells.ts';
import { describePicture, NearestSearch } from '../nearest.ts';
import { MemorisationCheck } from '../memorisation.ts';
import { listPrompts } from '../prompts.ts';
import { buildReport, type ReportInput } from '../report.ts';
import type { PictureRecord, Pixels } from '../record.ts';

const side = 64;

const model = (id: string, more: Partial<ModelInfo>): ModelInfo => ({
  id, name: id, kind: 'teacher', guidanceKind: null, teacher: null, distilledFrom: null, distilledSteps: null, guidanceRange: null,
  width: side, height: side, bytes: 1, precision: 'float16', licence: 'Apache-2.0', hash: `hash-of-${id}`, embedded: true, card: null, problem: null, ...more,
});
const student: Partial<ModelInfo> = { kind: 'student', teacher: 'story', distilledFrom: 'euler', guidanceRange: [1, 9] };
export const exampleModels = [model('story', {}), model('fast', { ...student, guidanceKind: 'teefusion' }), model('plain', { ...student, guidanceKind: 'distillcfg' })];

export const plainPicture = (level: number, width = side): Pixels => ({ width, height: width, rgb: new Uint8Array(width * width * 3).fill(level) });

/** Level of a picture: rises with the guidance; the students' lie 2 and 10 above their teacher's. */
const level = ({ cell }: PictureRecord): number => 20 * Number(/-g(\d+)/.exec(cell)![1]) + (cell.startsWith('fast') ? 2 : cell.startsWith('plain') ? 10 : 0);

export interface ExampleOptions {
  readonly request?: Partial<EvaluateRequest>;
  readonly change?: (input: ReportInput) => Partial<ReportInput>;
  /** Whether all facts of a picture are right; by default in all but every fourth of the teacher's and every third of the others'. */
  readonly right?: (record: Pick<PictureRecord, 'cell' | 'index'>) => boolean;
}

export function exampleInput({ request: given, change, right = ({ cell, index }) => index % (cell.startsWith('story') ? 4 : 3) !== 0 }: ExampleOptions = {}): ReportInput {
  const request = EvaluateRequest.parse({ models: ['story', 'fast'], guidance: [1, 3], count: 36, resamples: 200, ...given });
  const { cells, warnings } = planCells(request, exampleModels);
  const prompts = listPrompts(request);
  const records = prompts.flatMap(({ prompt, seed, facts }, index) => cells.map(({ key, kind, guidance, steps }): PictureRecord => {
    const fine = facts === null ? null : right({ cell: key, index });
    return {
      cell: key, index, prompt, seed, facts: fine === null ? null : { background: true, kind: fine, count: true }, allCorrect: fine,
      seen: 'nothing, on white', objects: facts === null ? null : facts.objects.length === 1 ? 1 : 2,
      nfe: kind === 'student' || guidance === 1 ? steps : 2 * steps, ms: (kind === 'student' ? 10 : 17) + (index % 3),
      features: [index % 5, guidance, index % 7], saturation: guidance / 10 + (index % 2) / 100, contrast: 0.2, scores: { looks: index + guidance },
    };
  }));
  const input: ReportInput = {
    id: 'example', createdAt: '2026-01-02T03:04:05.000Z', request, cells, models: exampleModels, prompts, records, warnings,
    pixels: async (record) => plainPicture(level(record)),
    eye: { features: (rgb) => [rgb[0]! / 64, rgb[100]! / 64, rgb[5000]! / 64], saturation: () => 0.4, contrast: () => 0.3 },
    memorisation: new MemorisationCheck(new NearestSearch(describePicture(plainPicture(60))), { 1: 0.001, 2: 0.05 }),
    conditions: {
      device: 'cpu', threads: 2, runtime: '1.30',
      evaluator: { renders: { kind: { value: 0.99, low: 0.98, high: 1, right: 99, asked: 100 } }, corruptedMisread: { value: 0, low: 0, high: 0.03, right: 0, asked: 100 }, labelled: null },
    },
    metrics: [{ id: 'looks', name: 'Looks', higherIsBetter: true }],
  };
  return { ...input, ...change?.(input) };
}

export async function exampleReport(options?: ExampleOptions): Promise<EvaluationReport> {
  return (await buildReport(exampleInput(options)))!;
}
