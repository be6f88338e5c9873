// A tiny ONNX graph that asks a device for what the networks need: matrix products, softmax, normalisation.
// Knows the file format and nothing of devices.
import { create, toBinary } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema } from '../graph/onnx_pb.ts';

const float32 = 1;
const irVersion = 8n;
const opset = 17n;

/** Bytes of a model `y = f(x, w)` with x, w, y of [size, size] float32; `layers` matrix products in a row. */
export function probeGraph(size: number, layers: number): Uint8Array {
  const nodes = [];
  let value = 'x';
  for (let layer = 0; layer < layers; layer++) {
    const [product, weights, result] = [`product${layer}`, `softmax${layer}`, layer === layers - 1 ? 'y' : `value${layer}`];
    nodes.push(node('MatMul', [value, 'w'], product), node('Softmax', [product], weights), node('MatMul', [weights, 'w'], result));
    value = result;
  }
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion,
      producerName: 'teefusion-studio',
      opsetImport: [{ domain: '', version: opset }],
      graph: create(GraphProtoSchema, {
        name: 'probe',
        node: nodes,
        input: [square('x', size), square('w', size)],
        output: [square('y', size)],
      }),
    }),
  );
}

function node(opType: string, input: string[], output: string) {
  return create(NodeProtoSchema, { name: output, opType, input, output: [output] });
}

function square(name: string, size: number) {
  const dim = { value: { case: 'dimValue' as const, value: BigInt(size) } };
  const tensorType = create(TypeProto_TensorSchema, { elemType: float32, shape: { dim: [dim, dim] } });
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }) });
}
