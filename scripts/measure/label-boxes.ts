// Makes labels of what an eye has read off the rulers of label-pictures: for each picture its number, the background, and of every object
// kind, colour, left, right, top and bottom edge as shares of the side. A `?` leaves a word open. Size, place and relation follow by the rules
// of the labels' README.
// node scripts/node.mjs scripts/measure/label-boxes.ts final
import path from 'node:path';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { backgrounds, colours, kinds, type Place, type Relation, type Size } from '../../main/storybook/vocabulary.ts';
import { boxesFile, labelSets, labelsFolder, pictureName, readBoxes, type Label, type LabelSet } from './label-files.ts';

/** So near to a border, in sides, the eye does not decide. The least bit more, for edges are written in decimals. */
const near = 0.005 + 1e-9;
/** Longer side of an object over the picture's: below the first small, from the second big. */
const sizeBorders = { one: [0.39, 0.64], two: [0.29, 0.425] } as const;
const centre = 0.105;

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}
type LabelObject = Label['objects'][number];

/** One line of boxes as a label. @throws Error that says what in it cannot be read */
export function labelOf(line: string): Label {
  const [head = '', ...parts] = line.split('|').map((part) => part.trim());
  const [number = '', background = ''] = head.split(/\s+/);
  if (!/^\d{3}$/.test(number)) throw new Error(`"${line}" does not begin with a picture's number.`);
  const seen = parts.map((part) => seenObject(part, line));
  const boxes = seen.map(({ box }) => box);
  return {
    file: pictureName(Number(number)),
    background: word(background, backgrounds, line),
    objects: seen.map(({ kind, colour, box }) => ({ kind, colour, size: sizeOf(box, boxes.length), place: boxes.length === 1 ? placeOf(box) : null })),
    relation: boxes.length === 2 ? relationOf(boxes[0]!, boxes[1]!) : null,
  };
}

function seenObject(text: string, line: string): Pick<LabelObject, 'kind' | 'colour'> & { box: Box } {
  const [kind = '', colour = '', ...edges] = text.split(/\s+/);
  const [left, right, top, bottom] = edges.map(Number) as [number, number, number, number];
  const inside = [left, right, top, bottom].every((edge) => edge >= 0 && edge <= 1);
  if (edges.length !== 4 || !inside || left >= right || top >= bottom) throw new Error(`"${line}": "${text}" has no box of left, right, top and bottom between 0 and 1.`);
  return { kind: word(kind, kinds, line), colour: word(colour, colours, line), box: { left, right, top, bottom } };
}

function word<W extends string>(text: string, known: readonly W[], line: string): W | null {
  if (text === '?') return null;
  const found = known.find((each) => each === text);
  if (found === undefined) throw new Error(`"${line}": "${text}" is none of ${known.join(', ')}.`);
  return found;
}

function sizeOf({ left, right, top, bottom }: Box, objects: number): Size | null {
  const side = Math.max(right - left, bottom - top);
  const [small, big] = objects === 1 ? sizeBorders.one : sizeBorders.two;
  if ([small, big].some((border) => Math.abs(side - border) <= near)) return null;
  return side < small ? 'small' : side < big ? 'medium' : 'big';
}

const middleOf = ({ left, right, top, bottom }: Box): [number, number] => [(left + right) / 2, (top + bottom) / 2];

function placeOf(box: Box): Place | null {
  const [x, y] = middleOf(box);
  const [dx, dy] = [x - 0.5, y - 0.5];
  const far = Math.max(Math.abs(dx), Math.abs(dy));
  if (Math.abs(far - centre) <= near) return null;
  if (far < centre) return 'center';
  if (Math.abs(Math.abs(dx) - Math.abs(dy)) <= near) return null;
  return Math.abs(dx) > Math.abs(dy) ? (dx < 0 ? 'left' : 'right') : dy < 0 ? 'top' : 'bottom';
}

function relationOf(first: Box, second: Box): Relation | null {
  const [[x, y], [otherX, otherY]] = [middleOf(first), middleOf(second)];
  const [dx, dy] = [x - otherX, y - otherY];
  if (Math.abs(Math.abs(dx) - Math.abs(dy)) <= near) return null;
  return Math.abs(dx) > Math.abs(dy) ? (dx < 0 ? 'left of' : 'right of') : dy < 0 ? 'above' : 'below';
}

if (import.meta.main) {
  const set = process.argv[2] as LabelSet;
  if (!Object.hasOwn(labelSets, set ?? '')) throw new Error(`Say which set: ${Object.keys(labelSets).join(', ')}.`);
  const labels = (await readBoxes(set)).map(labelOf);
  await writeFileAtomic(path.join(labelsFolder, labelSets[set]), labels.map((label) => `${JSON.stringify(label)}\n`).join(''));
  console.log(`${labels.length} labels from ${boxesFile(set)}.`);
}
