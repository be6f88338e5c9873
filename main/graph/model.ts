// Writes a recorded graph as an ONNX model. Weights in files stay there: the model points to them.
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema, GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, TensorProtoSchema, ValueInfoProtoSchema,
  type AttributeProto, type TensorProto,
} from './onnx_pb.ts';
import { onnxType } from './recorder.ts';
import type { Attribute, FileSlice, Graph, Value } from './values.ts';

const opset = 21n;
const irVersion = 10n;
const externalLocation = 1;

export interface ModelOptions {
  /** Where the runtime finds a file, relative to what it takes external data to be relative to. */
  locate(file: string): string;
  /** Puts the bytes of a slice into the model instead of pointing to them. */
  embed?(slice: FileSlice): Uint8Array;
}

const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function attribute(name: string, value: Attribute): AttributeProto {
  const encoder = new TextEncoder();
  switch (value.kind) {
    case 'float': return create(AttributeProtoSchema, { name, type: 1, f: value.value });
    case 'int': return create(AttributeProtoSchema, { name, type: 2, i: BigInt(value.value) });
    case 'string': return create(AttributeProtoSchema, { name, type: 3, s: encoder.encode(value.value) });
    case 'ints': return create(AttributeProtoSchema, { name, type: 7, ints: value.value.map(BigInt) });
  }
}

const external = (slice: FileSlice, locate: ModelOptions['locate']): { key: string; value: string }[] => [
  { key: 'location', value: locate(slice.file) },
  { key: 'offset', value: String(slice.offset) },
  { key: 'length', value: String(slice.bytes) },
];

function initialiser(value: Value, { locate, embed }: ModelOptions): TensorProto {
  const base = { name: value.name, dims: value.shape.map(BigInt), dataType: onnxType[value.dtype] };
  if (value.slice && embed) return create(TensorProtoSchema, { ...base, rawData: embed(value.slice) });
  if (value.slice) return create(TensorProtoSchema, { ...base, dataLocation: externalLocation, externalData: external(value.slice, locate) as never });
  return create(TensorProtoSchema, { ...base, rawData: bytesOf(value.constant!) });
}

const valueInfo = (name: string, value: Value) => create(ValueInfoProtoSchema, {
  name,
  type: {
    value: {
      case: 'tensorType',
      value: { elemType: onnxType[value.dtype], shape: { dim: value.shape.map((n) => ({ value: { case: 'dimValue' as const, value: BigInt(n) } })) } },
    },
  },
});

/**
 * Values that carry an output's name. An output that is an input, a constant, or asked for twice has none here and is copied:
 * for the rest a copy would cost a pass over memory, which for a training step is a tenth of the time.
 */
function outputNames(graph: Graph): Map<Value, string> {
  const made = new Set(graph.nodes.flatMap((node) => node.outputs));
  const names = new Map<Value, string>();
  for (const { name, value } of graph.outputs) if (made.has(value) && !names.has(value)) names.set(value, name);
  return names;
}

/** The model's bytes. Constants are in it; tensors with a `slice` only where they are embedded. */
export function encodeModel(graph: Graph, options: ModelOptions): Uint8Array {
  const stored = new Set<Value>();
  const keep = (value: Value): void => void ((value.constant ?? value.slice) && stored.add(value));
  for (const node of graph.nodes) for (const value of node.inputs) if (value) keep(value);
  for (const { value } of graph.outputs) keep(value);

  const names = outputNames(graph);
  const nameOf = (value: Value | null): string => (value === null ? '' : (names.get(value) ?? value.name));
  const nodes = graph.nodes.map((node) => create(NodeProtoSchema, {
    opType: node.op,
    domain: node.domain,
    name: node.outputs[0]!.name,
    input: node.inputs.map(nameOf),
    output: node.outputs.map(nameOf),
    attribute: Object.entries(node.attributes).map(([name, value]) => attribute(name, value)),
  }));
  const copies = graph.outputs.filter(({ name, value }) => nameOf(value) !== name)
    .map(({ name, value }) => create(NodeProtoSchema, { opType: 'Identity', name: `output_${name}`, input: [nameOf(value)], output: [name] }));

  return toBinary(ModelProtoSchema, create(ModelProtoSchema, {
    irVersion,
    producerName: 'TeEFusion Studio',
    opsetImport: [{ domain: '', version: opset }, { domain: 'com.microsoft', version: 1n }],
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: [...nodes, ...copies],
      initializer: [...stored].map((value) => initialiser(value, options)),
      input: graph.inputs.map((value) => valueInfo(value.name, value)),
      output: graph.outputs.map(({ name, value }) => valueInfo(name, value)),
    }),
  }));
}
