// Turns what ONNX Runtime and the allocator throw into errors a person can act on.
// Knows their wording and nothing of what was being computed.
import { StudioError } from '../contract/errors.ts';

const outOfMemory = /out of memory|bad_alloc|failed to allocate|allocation failed|could not allocate|not enough memory|E_OUTOFMEMORY|array buffer allocation/i;
const lostDevice = /device (?:was |is )?(?:lost|removed|hung)|DXGI_ERROR_DEVICE|VK_ERROR_DEVICE_LOST/i;
const unsupported = /not implemented|NOT_IMPLEMENTED|no supported adapters|backend not found|failed to load shared library|could not find an implementation/i;
const damaged = /INVALID_PROTOBUF|INVALID_GRAPH|protobuf parsing failed|external data|out of bounds/i;

/** `thrown` as a StudioError; one stays as it is, an unknown wording is reported as `internal` with the runtime's own words. */
export function runtimeError(thrown: unknown): StudioError {
  if (thrown instanceof StudioError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const options = { cause: thrown, details: message };
  if (outOfMemory.test(message)) {
    return new StudioError('out-of-memory', 'There is not enough memory for this picture on this device.', {
      ...options,
      hint: 'Close other programs, choose a smaller model, or choose the CPU in the settings.',
    });
  }
  if (lostDevice.test(message)) {
    return new StudioError('unsupported', 'The graphics driver gave up while computing.', {
      ...options,
      hint: 'Try again; if it stays so, choose the CPU in the settings.',
    });
  }
  if (unsupported.test(message)) {
    return new StudioError('unsupported', 'This device cannot run the model.', { ...options, hint: 'Choose the CPU in the settings.' });
  }
  if (damaged.test(message)) {
    return new StudioError('corrupt-file', 'The model cannot be read by ONNX Runtime; its files may be damaged.', options);
  }
  return new StudioError('internal', `The engine failed: ${message.split('\n', 1)[0] ?? ''}`, options);
}
