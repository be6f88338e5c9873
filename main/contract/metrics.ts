// A metric of a person's own: what `metric.json` says beside an ONNX image scorer, in `<library>/metrics/<id>/`.
import { z } from 'zod';

/** The metric's folder name; also its key in reports. */
export const MetricId = z.string().max(64).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);

/** Of a file in the metric's own folder or below it. */
const FileName = z.string().min(1).max(200).refine((name) => !/^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)/.test(name), 'must be a file in the metric\'s own folder');
const perChannel = z.tuple([z.number(), z.number(), z.number()]);
const deviations = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);

/** A key that is not listed is an error: a typing mistake must not silently mean the default. */
export const MetricFile = z.strictObject({
  /** As the tables show it. */
  name: z.string().min(1).max(80),
  /** ONNX file of the scorer, or of the image encoder. */
  model: FileName,
  input: z.strictObject({
    /** Of the graph's input; left out: its only one. */
    name: z.string().min(1).optional(),
    /** Pixels; pictures are resized to it whole, with a cubic kernel. */
    width: z.int().min(1).max(4096),
    height: z.int().min(1).max(4096),
    /** What black and white become before mean and deviation: [0, 1], [0, 255] or [-1, 1]. */
    range: z.tuple([z.number(), z.number()]).default([0, 1]),
    /** Red, green, blue; the network sees (value − mean)/std. */
    mean: perChannel.default([0, 0, 0]),
    std: deviations.default([1, 1, 1]),
    /** Batch, channel, row, column: the only layout there is. */
    layout: z.literal('NCHW').default('NCHW'),
  }),
  output: z.discriminatedUnion('kind', [
    /** One number per picture. `name`: of the graph's output; left out: its only one. */
    z.strictObject({ kind: z.literal('scalar'), name: z.string().min(1).optional() }),
    /** Cosine between the picture's and the prompt's embedding, times `scale`. */
    z.strictObject({
      kind: z.literal('dual'),
      /** Image embedding; left out: the only output of `model`. */
      name: z.string().min(1).optional(),
      scale: z.number().default(1),
      text: z.strictObject({
        /** ONNX file of the text encoder. Inputs whose name contains "mask" are given the attention mask. */
        model: FileName,
        tokenizer: FileName.default('tokenizer.json'),
        maxTokens: z.int().min(2).max(4096),
        /** Id that fills up short prompts, where tokenizer.json does not say it. */
        padId: z.int().min(0).optional(),
        /** Text embedding; left out: the only output. */
        name: z.string().min(1).optional(),
      }),
    }),
  ]),
  higherIsBetter: z.boolean().default(true),
});
export type MetricFile = z.infer<typeof MetricFile>;

export const MetricInfo = z.object({
  id: MetricId,
  name: z.string(),
  kind: z.enum(['scalar', 'dual']),
  higherIsBetter: z.boolean(),
  /** Why it cannot be used; null when its files are there and its description is whole. */
  problem: z.string().nullable(),
});
export type MetricInfo = z.infer<typeof MetricInfo>;
