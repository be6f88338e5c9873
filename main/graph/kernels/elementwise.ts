// Element-wise kernels: arithmetic, comparisons, logic, activations, casts.
import { kernel } from '../backend.ts';
import { type Recorder } from '../recorder.ts';
import { broadcastShapes, int, sameShape, type DType, type Value } from '../values.ts';

/** `ones(x)·value`, whatever x is: used where one operand of an operation is a number. */
const number = (r: Recorder, value: number, like: Value): Value => r.splat(value, like.dtype, like.shape);

const isSplat = (value: Value, of: number): boolean => value.splat === of || (value.constant?.length === 1 && Number(value.constant[0]) === of);

/** Folds x+0, x·1 and the like; null when there is nothing to fold. */
function fold(r: Recorder, op: string, a: Value, b: Value, shape: readonly number[]): Value | null {
  const keepsA = sameShape(a.shape, shape);
  const keepsB = sameShape(b.shape, shape);
  if (op === 'Add' && keepsA && isSplat(b, 0)) return a;
  if (op === 'Add' && keepsB && isSplat(a, 0)) return b;
  // Adding zeros of a larger shape repeats x.
  if (op === 'Add' && b.splat === 0) return r.node('Expand', [a, r.int64(shape)], a.dtype, shape);
  if (op === 'Sub' && keepsA && isSplat(b, 0)) return a;
  if ((op === 'Mul' || op === 'Div') && keepsA && isSplat(b, 1)) return a;
  if (op === 'Mul' && keepsB && isSplat(a, 1)) return b;
  return null;
}

const arithmetic: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b, Sub: (a, b) => a - b, Mul: (a, b) => a * b, Div: (a, b) => a / b,
};

/** A convolution and the addition of one number per channel are one node. */
function convolutionWithBias(r: Recorder, a: Value, b: Value): Value | null {
  const conv = r.producer(a);
  const channels = a.shape[1]!;
  if (conv?.op !== 'Conv' || conv.inputs.length !== 2 || !sameShape(b.shape, [1, channels, 1, 1]) || b.splat !== undefined) return null;
  return r.node('Conv', [...conv.inputs, r.reshape(b, [channels])], a.dtype, a.shape, { attributes: conv.attributes });
}

function binary(r: Recorder, op: string, a: Value, b: Value): Value {
  const shape = broadcastShapes(a.shape, b.shape);
  const biased = op === 'Add' ? convolutionWithBias(r, a, b) : null;
  if (biased) return biased;
  const compute = arithmetic[op];
  if (compute && a.dtype === 'float32' && a.splat !== undefined && b.splat !== undefined) {
    return r.splat(Math.fround(compute(a.splat, b.splat)), a.dtype, shape);
  }
  return fold(r, op, a, b, shape) ?? r.elementwise(op, [a, b], a.dtype, shape);
}

const binaryKernels: Record<string, string> = { Add: 'Add', Sub: 'Sub', Multiply: 'Mul', RealDiv: 'Div', Pow: 'Pow', Maximum: 'Max', Minimum: 'Min' };
const comparisons: Record<string, string> = {
  Greater: 'Greater', GreaterEqual: 'GreaterOrEqual', Less: 'Less', LessEqual: 'LessOrEqual', Equal: 'Equal',
};
const unaryKernels: Record<string, string> = {
  Neg: 'Neg', Exp: 'Exp', Log: 'Log', Sqrt: 'Sqrt', Abs: 'Abs', Sign: 'Sign', Sin: 'Sin', Cos: 'Cos', Tanh: 'Tanh', Sigmoid: 'Sigmoid',
  Erf: 'Erf', Floor: 'Floor', Ceil: 'Ceil', Relu: 'Relu', Softplus: 'Softplus', Reciprocal: 'Reciprocal',
};

export function registerElementwise(): void {
  for (const [name, op] of Object.entries(binaryKernels)) {
    kernel(name, ({ recorder, input }) => binary(recorder, op, input('a'), input('b')));
  }
  for (const [name, op] of Object.entries(comparisons)) {
    kernel(name, ({ recorder, input }) => recorder.elementwise(op, [input('a'), input('b')], 'bool', broadcastShapes(input('a').shape, input('b').shape)));
  }
  kernel('NotEqual', ({ recorder, input }) => {
    const equal = recorder.elementwise('Equal', [input('a'), input('b')], 'bool', broadcastShapes(input('a').shape, input('b').shape));
    return recorder.node('Not', [equal], 'bool', equal.shape);
  });
  kernel('LogicalAnd', ({ recorder, input }) => recorder.node('And', [input('a'), input('b')], 'bool', broadcastShapes(input('a').shape, input('b').shape)));
  kernel('LogicalOr', ({ recorder, input }) => recorder.node('Or', [input('a'), input('b')], 'bool', broadcastShapes(input('a').shape, input('b').shape)));
  kernel('LogicalNot', ({ recorder, input }) => recorder.node('Not', [input('x')], 'bool', input('x').shape));

  for (const [name, op] of Object.entries(unaryKernels)) {
    kernel(name, ({ recorder, input }) => recorder.node(op, [input('x')], input('x').dtype, input('x').shape));
  }
  kernel('Square', ({ recorder: r, input }) => r.node('Mul', [input('x'), input('x')], input('x').dtype, input('x').shape));
  kernel('Rsqrt', ({ recorder: r, input }) => {
    const x = input('x');
    return r.node('Reciprocal', [r.node('Sqrt', [x], x.dtype, x.shape)], x.dtype, x.shape);
  });
  kernel('SquaredDifference', ({ recorder: r, input }) => {
    const difference = binary(r, 'Sub', input('a'), input('b'));
    return r.node('Mul', [difference, difference], difference.dtype, difference.shape);
  });
  kernel<{ alpha: number }>('Step', ({ recorder: r, input, attrs }) => {
    const x = input('x');
    const positive = r.elementwise('Greater', [x, number(r, 0, x)], 'bool', x.shape);
    const one = r.cast(positive, 'float32');
    if (attrs.alpha === 0) return one;
    return r.elementwise('Where', [positive, number(r, 1, x), number(r, attrs.alpha, x)], 'float32', x.shape);
  });
  kernel<{ clipValueMin: number; clipValueMax: number }>('ClipByValue', ({ recorder: r, input, attrs }) => {
    const x = input('x');
    return r.node('Clip', [x, r.splat(attrs.clipValueMin, x.dtype, []), r.splat(attrs.clipValueMax, x.dtype, [])], x.dtype, x.shape);
  });
  kernel('Identity', ({ input }) => input('x'));
  kernel<{ dtype: DType }>('Cast', ({ recorder, input, attrs }) => recorder.cast(input('x'), attrs.dtype));
  kernel('ZerosLike', ({ recorder, input }) => number(recorder, 0, input('x')));
  kernel('OnesLike', ({ recorder, input }) => number(recorder, 1, input('x')));
  kernel<{ shape: number[]; value: number; dtype: DType }>('Fill', ({ recorder, attrs }) =>
    recorder.splat(attrs.value, attrs.dtype ?? 'float32', attrs.shape));
  kernel('Select', ({ recorder: r, input }) => {
    const [condition, yes, no] = [input('condition'), input('t'), input('e')];
    // tfjs also takes a vector that chooses whole rows.
    const aligned = condition.shape.length === 1 && yes.shape.length > 1
      ? r.reshape(condition, [condition.shape[0]!, ...yes.shape.slice(1).map(() => 1)]) : condition;
    return r.elementwise('Where', [aligned, yes, no], yes.dtype, broadcastShapes(aligned.shape, yes.shape));
  });
  kernel('AddN', ({ recorder: r, input, optional }) => {
    let sum = input('0');
    for (let i = 1, next = optional('1'); next; i += 1, next = optional(String(i))) sum = binary(r, 'Add', sum, next);
    return sum;
  });
  kernel<{ dim: number }>('Softmax', ({ recorder, input, attrs }) => {
    const x = input('logits');
    return recorder.node('Softmax', [x], x.dtype, x.shape, { attributes: { axis: int(attrs.dim) } });
  });
  kernel<{ axis: number }>('LogSoftmax', ({ recorder, input, attrs }) => {
    const x = input('logits');
    return recorder.node('LogSoftmax', [x], x.dtype, x.shape, { attributes: { axis: int(attrs.axis) } });
  });
}
