// Where a picture of an evaluation is found under a transport's origin. Written by the window, read by whoever serves it:
// the parts are names, checked here, never a path.
import { z } from 'zod';
import { CellKey } from './evaluation.ts';
import { Id } from './schemas.ts';

export interface EvaluationPictureAddress {
  readonly evaluation: string;
  /** Key of the cell. */
  readonly cell: string;
  /** Number in the list of prompts. */
  readonly index: number;
}

const Parts = z.tuple([Id, CellKey, z.string().regex(/^(0|[1-9]\d{0,5})$/)]);

/** `<evaluation>/<cell>/<index>` */
export function evaluationPictureAddress({ evaluation, cell, index }: EvaluationPictureAddress): string {
  return [evaluation, cell, index].map(encodeURIComponent).join('/');
}

/** What `evaluationPictureAddress` wrote; null for anything else. */
export function readEvaluationPictureAddress(address: string): EvaluationPictureAddress | null {
  let parts: string[];
  try {
    parts = address.split('/').map(decodeURIComponent);
  } catch {
    return null;
  }
  const known = Parts.safeParse(parts);
  if (!known.success) return null;
  const [evaluation, cell, index] = known.data;
  return { evaluation, cell, index: Number(index) };
}
