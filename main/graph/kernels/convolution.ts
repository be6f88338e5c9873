// Two-dimensional convolution and both its gradients. tfjs filters are [height, width, in, out]; ONNX wants
// [out, in, height, width], and images as N, C, H, W. The transposes cancel where a network keeps that layout.
import * as tf from '@tensorflow/tfjs';
import { kernel } from '../backend.ts';
import type { Recorder } from '../recorder.ts';
import { int, ints, type Value } from '../values.ts';

interface ConvAttrs {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | [[number, number], [number, number], [number, number], [number, number]];
  dataFormat: 'NHWC' | 'NCHW';
  dilations?: number | [number, number];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Conv = tf.backend_util.Conv2DInfo;

const toNchw = [0, 3, 1, 2];
const toNhwc = [0, 2, 3, 1];
/** tfjs filter to ONNX filter. */
const filterToOnnx = [3, 2, 0, 1];

const channelsFirst = (r: Recorder, x: Value, format: string): Value => (format === 'NCHW' ? x : r.transpose(x, toNchw));
const channelsAs = (r: Recorder, x: Value, format: string): Value => (format === 'NCHW' ? x : r.transpose(x, toNhwc));

function describe(name: string, xShape: readonly number[], filterShape: readonly number[], attrs: ConvAttrs): Conv {
  const strides = [attrs.strides].flat();
  if (typeof attrs.pad === 'number' && (filterShape[0] !== filterShape[1] || strides[0] !== strides.at(-1))) {
    throw new Error(`Kernel '${name}' needs its padding side by side where filter or stride is not square: tfjs miscounts the output otherwise.`);
  }
  const format = tf.backend_util.convertConv2DDataFormat(attrs.dataFormat);
  const info = tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number], filterShape as [number, number, number, number],
    attrs.strides, attrs.dilations ?? 1, attrs.pad as 'same', attrs.dimRoundingMode, false, format);
  if (info.dilationHeight !== 1 || info.dilationWidth !== 1) throw new Error(`Kernel '${name}' is recorded without dilation only.`);
  return info;
}

const pads = (info: Conv): Record<string, ReturnType<typeof ints>> => ({
  strides: ints([info.strideHeight, info.strideWidth]),
  pads: ints([info.padInfo.top, info.padInfo.left, info.padInfo.bottom, info.padInfo.right]),
});

/**
 * Filter gradient of a stride-1 convolution: for each filter position one product over all image positions,
 * dW[o, c, i, j] = Σ dy[n, o, y, x] · x[n, c, y+i, x+j]. Products of two matrices run several times faster on a CPU than
 * one `Conv` with an image-sized kernel (measured in bench/conv-filter-gradient.ts).
 */
function filterGradient(r: Recorder, x: Value, dy: Value, info: Conv): Value {
  const { batchSize: n, inChannels: c, outChannels: o, outHeight: oh, outWidth: ow, filterHeight: fh, filterWidth: fw } = info;
  const { top, left, bottom, right } = info.padInfo;
  const padded = top + left + bottom + right === 0 ? x
    : r.node('Pad', [x, r.int64([0, 0, top, left, 0, 0, bottom, right])], x.dtype, [n, c, x.shape[2]! + top + bottom, x.shape[3]! + left + right]);
  const rows = r.reshape(dy, [n, o, oh * ow]);
  const taps: Value[] = [];
  for (let i = 0; i < fh; i++) {
    for (let j = 0; j < fw; j++) {
      const ends = [i + (oh - 1) * info.strideHeight + 1, j + (ow - 1) * info.strideWidth + 1];
      const window = fh === 1 && fw === 1 && info.strideHeight === 1 && info.strideWidth === 1 ? padded
        : r.node('Slice', [padded, r.int64([i, j]), r.int64(ends), r.int64([2, 3]), r.int64([info.strideHeight, info.strideWidth])], x.dtype, [n, c, oh, ow]);
      const columns = r.transpose(r.reshape(window, [n, c, oh * ow]), [0, 2, 1]);
      taps.push(r.node('MatMul', [rows, columns], x.dtype, [n, o, c]));
    }
  }
  const perImage = taps.length === 1 ? taps[0]!
    : r.node('Concat', taps, x.dtype, [n, o, fh * fw * c], { attributes: { axis: int(2) } });
  const summed = n === 1 ? r.reshape(perImage, [o, fh * fw * c])
    : r.node('ReduceSum', [perImage, r.int64([0])], x.dtype, [o, fh * fw * c], { attributes: { keepdims: int(0) } });
  // [out, (height, width), in] to tfjs's [height, width, in, out].
  return r.transpose(r.reshape(summed, [o, fh, fw, c]), [1, 2, 3, 0]);
}

/**
 * Input gradient of a stride-1 convolution: a convolution with the filter turned round, faster here than `ConvTranspose`. Not for
 * paddings that reach further than the filter.
 */
function inputGradient(r: Recorder, dy: Value, filter: Value, info: Conv): Value {
  const [h, w] = [info.filterHeight, info.filterWidth];
  const { top, left, bottom, right } = info.padInfo;
  const onnx = r.transpose(filter, [2, 3, 0, 1]);
  const back = r.int64([-1, -1]);
  const turned = h === 1 && w === 1 ? onnx : r.node('Slice', [onnx, back, r.int64([-h - 1, -w - 1]), r.int64([2, 3]), back], onnx.dtype, onnx.shape);
  return r.node('Conv', [dy, turned], dy.dtype, [info.batchSize, info.inChannels, info.inHeight, info.inWidth], {
    attributes: { strides: ints([1, 1]), pads: ints([h - 1 - top, w - 1 - left, h - 1 - bottom, w - 1 - right]) },
  });
}

export function registerConvolutions(): void {
  kernel<ConvAttrs>('Conv2D', ({ recorder: r, input, attrs }) => {
    const [x, filter] = [input('x'), input('filter')];
    const info = describe('Conv2D', x.shape, filter.shape, attrs);
    const y = r.node('Conv', [channelsFirst(r, x, attrs.dataFormat), r.transpose(filter, filterToOnnx)], x.dtype,
      [info.batchSize, info.outChannels, info.outHeight, info.outWidth], { attributes: pads(info) });
    return channelsAs(r, y, attrs.dataFormat);
  });

  kernel<ConvAttrs & { inputShape: number[] }>('Conv2DBackpropInput', ({ recorder: r, input, attrs }) => {
    const [dy, filter] = [input('dy'), input('filter')];
    const info = describe('Conv2DBackpropInput', attrs.inputShape, filter.shape, attrs);
    const gradient = channelsFirst(r, dy, attrs.dataFormat);
    const reach = Math.max(info.padInfo.top, info.padInfo.bottom) < info.filterHeight && Math.max(info.padInfo.left, info.padInfo.right) < info.filterWidth;
    if (info.strideHeight === 1 && info.strideWidth === 1 && reach) return channelsAs(r, inputGradient(r, gradient, filter, info), attrs.dataFormat);
    // Rows and columns that the stride never reached get no gradient.
    const extra = (size: number, out: number, stride: number, kernelSize: number, before: number, after: number): number =>
      size - ((out - 1) * stride + kernelSize - before - after);
    const outputPadding = [
      extra(info.inHeight, info.outHeight, info.strideHeight, info.filterHeight, info.padInfo.top, info.padInfo.bottom),
      extra(info.inWidth, info.outWidth, info.strideWidth, info.filterWidth, info.padInfo.left, info.padInfo.right),
    ];
    const dx = r.node('ConvTranspose', [gradient, r.transpose(filter, filterToOnnx)], dy.dtype,
      [info.batchSize, info.inChannels, info.inHeight, info.inWidth],
      { attributes: { ...pads(info), output_padding: ints(outputPadding) } });
    return channelsAs(r, dx, attrs.dataFormat);
  });

  kernel<ConvAttrs & { filterShape: number[] }>('Conv2DBackpropFilter', ({ recorder: r, input, attrs }) => {
    const [x, dy] = [input('x'), input('dy')];
    const info = describe('Conv2DBackpropFilter', x.shape, attrs.filterShape, attrs);
    return filterGradient(r, channelsFirst(r, x, attrs.dataFormat), channelsFirst(r, dy, attrs.dataFormat), info);
  });
}


