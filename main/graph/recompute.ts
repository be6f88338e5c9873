// Trades time for memory in a recorded gradient: what a marked part of the forward pass made is made again where the gradient reads it, so
// that only what enters the part is kept. Works on recorded nodes; knows neither tfjs nor any network.
import { sizeOf, type Node, type Value } from './values.ts';

/** A part of the forward pass, and when its gradient begins. Positions count the nodes of the recording. */
export interface Segment {
  /** What enters it; weights and small things that its nodes read besides are not named and are kept. */
  readonly inputs: readonly Value[];
  /** Its nodes: from `first` up to but not including `end`. */
  readonly first: number;
  readonly end: number;
  /** Gradients of what it returns, in the order in which they became known; none: nobody asked for any. */
  readonly gradients: Value[];
  /** Nodes recorded when the last of them was known. All that reads the segment later belongs to its gradient. */
  turn: number;
}

interface Rebuilt {
  readonly nodes: readonly Node[];
  /** What later nodes read instead. */
  readonly copies: ReadonlyMap<Value, Value>;
}

/**
 * The nodes with each segment's copy where its gradient begins. The copies compute the same numbers from the same operators.
 *
 * A copy reads its inputs times one, and that one is made from the segment's own gradients (1 + 0·g): the runtime sees other operands than
 * the original's, so it cannot take both for the same and merge them, and it cannot begin before the gradient is there. An infinite
 * gradient makes the copy not a number, which the gradient would have become anyway.
 */
export function withRecomputation(nodes: readonly Node[], segments: readonly Segment[]): readonly Node[] {
  const inserted = new Map<number, Rebuilt[]>();
  for (const [number, segment] of segments.entries()) {
    if (segment.gradients.length === 0) continue;
    const rebuilt = rebuild(nodes, segment, `again_${number}`);
    if (rebuilt) inserted.set(segment.turn, [...(inserted.get(segment.turn) ?? []), rebuilt]);
  }
  const copies = new Map<Value, Value>();
  return nodes.flatMap((node, position) => {
    const here = inserted.get(position) ?? [];
    for (const each of here) for (const [value, copy] of each.copies) copies.set(value, copy);
    const reads = node.inputs.some((value) => value !== null && copies.has(value));
    const own = reads ? { ...node, inputs: node.inputs.map((value) => (value && copies.get(value)) ?? value) } : node;
    return [...here.flatMap((each) => each.nodes), own];
  });
}

/** Null where the gradient reads nothing of the segment. */
function rebuild(nodes: readonly Node[], segment: Segment, name: string): Rebuilt | null {
  const { first, end, turn } = segment;
  const inside = nodes.slice(first, end);
  const moving = movingValues(inside, segment.inputs);
  // What the rest of the forward pass reads stays in memory, and is where a copy may begin.
  const kept = new Set(segment.inputs);
  for (const value of readBy(nodes.slice(end, turn))) if (moving.has(value)) kept.add(value);
  const wanted = new Set([...readBy(nodes.slice(turn))].filter((value) => moving.has(value) && !kept.has(value)));
  const again: Node[] = [];
  for (const node of inside.toReversed()) {
    if (!node.outputs.some((value) => wanted.has(value))) continue;
    again.unshift(node);
    for (const value of node.inputs) if (value && moving.has(value) && !kept.has(value)) wanted.add(value);
  }
  if (again.length === 0) return null;

  const guard = guardOf(segment.gradients, name);
  const made = [...guard.nodes];
  const copies = new Map<Value, Value>();
  for (const value of readBy(again)) {
    if (!kept.has(value)) continue;
    const { node, output } = operation('Mul', [value, guard.one], copyOf(value, name));
    made.push(node);
    copies.set(value, output);
  }
  const entries = new Set(copies.keys());
  for (const node of again) {
    const outputs = node.outputs.map((value) => copyOf(value, name));
    made.push({ ...node, inputs: node.inputs.map((value) => (value && copies.get(value)) ?? value), outputs });
    node.outputs.forEach((value, i) => copies.set(value, outputs[i]!));
  }
  // Entries are there anyway; only the copy has to wait for the gradient.
  return { nodes: made, copies: new Map([...copies].filter(([value]) => !entries.has(value) && !kept.has(value))) };
}

/** What follows from the inputs. The rest, such as a weight turned round, is small or wanted by the original too. */
function movingValues(inside: readonly Node[], inputs: readonly Value[]): Set<Value> {
  const moving = new Set(inputs);
  for (const node of inside) if (node.inputs.some((value) => value !== null && moving.has(value))) for (const value of node.outputs) moving.add(value);
  return moving;
}

const readBy = (nodes: readonly Node[]): Set<Value> => new Set(nodes.flatMap(({ inputs }) => inputs.filter((value) => value !== null)));

/** A number that is one and not known before all of `gradients` are. */
function guardOf(gradients: readonly Value[], name: string): { nodes: Node[]; one: Value } {
  const scalar = { dtype: 'float32', shape: [] } as const;
  const nodes: Node[] = [];
  const step = (op: string, inputs: readonly Value[], part: string, shape: readonly number[] = []): Value => {
    const { node, output } = operation(op, inputs, { ...scalar, name: `${name}_${part}`, shape });
    nodes.push(node);
    return output;
  };
  const [all, index]: Value[] = [
    { name: `${name}_all`, dtype: 'int64', shape: [1], constant: BigInt64Array.of(-1n) }, { name: `${name}_index`, dtype: 'int64', shape: [], constant: BigInt64Array.of(0n) },
  ];
  const firsts = gradients.map((gradient, i) => {
    const flat = step('Reshape', [gradient, all!], `flat_${i}`, [sizeOf(gradient.shape)]);
    return step('Gather', [flat, index!], `first_${i}`);
  });
  const sum = firsts.reduce((total, each, i) => step('Add', [total, each], `sum_${i}`));
  const constant = (part: string, value: number): Value => ({ ...scalar, name: `${name}_${part}`, constant: Float32Array.of(value) });
  const one = step('Add', [step('Mul', [sum, constant('zero', 0)], 'nothing'), constant('unit', 1)], 'one');
  return { nodes, one };
}

const copyOf = ({ name, dtype, shape }: Value, suffix: string): Value => ({ name: `${name}_${suffix}`, dtype, shape });

function operation(op: string, inputs: readonly Value[], output: Value): { node: Node; output: Value } {
  return { node: { op, domain: '', inputs, outputs: [output], attributes: {} }, output };
}
