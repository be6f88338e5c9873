import { expect, it } from 'vitest';
import { GaussianFlow, MeanEncoder } from '../../tests/fixtures/gaussian-flow.ts';
import type { Picture } from '../diffusion/model.ts';
import { Pipeline } from '../diffusion/pipeline.ts';
import { Executor } from './executor.ts';
import { parseEngineMessage, type EngineConfig, type EngineMessage, type HostMessage, type PictureJob } from './messages.ts';

const grey: Picture = { width: 2, height: 1, rgb: new Uint8Array(6).fill(128) };
const config: EngineConfig = { provider: 'cpu', threads: 1, modelDirs: [] };
const job: PictureJob = {
  model: { id: 'm', hash: '1' }, prompt: '0.5', negativePrompt: '', guidance: 3, steps: 4, seed: 7, sampler: 'euler', reflection: {},
};

/** An executor over a flow that needs no network. `until` resolves with all messages once one of this kind and job came. */
function setUp() {
  const messages: EngineMessage[] = [];
  const flow = new GaussianFlow();
  const opened: string[] = [];
  const closed: string[] = [];
  let wake = () => {};
  const executor = new Executor({
    runtime: '1.0',
    send: (message) => {
      expect(parseEngineMessage(structuredClone(message))).not.toBeNull();
      messages.push(message);
      wake();
    },
    open: async ({ id }) => {
      if (id === 'missing') throw new Error('Failed to allocate memory');
      opened.push(id);
      const pipeline = new Pipeline({
        velocityModel: flow, textEncoder: new MeanEncoder(), decoder: { decode: async () => grey }, preview: { preview: () => grey }, shift: 1, student: null,
      });
      return { pipeline, close: async () => void closed.push(id) };
    },
    openScorer: async ({ id }) => {
      opened.push(id);
      return { score: async ({ rgb }, prompt) => rgb[0]! + prompt.length, close: async () => void closed.push(id) };
    },
  });
  const until = async (kind: EngineMessage['kind'], id: number) => {
    while (!messages.some((message) => message.kind === kind && 'id' in message && message.id === id)) await new Promise<void>((resolve) => (wake = resolve));
    return messages;
  };
  const accept = (...list: HostMessage[]) => list.forEach((message) => executor.accept(message));
  return { accept, until, messages, flow, opened, closed };
}

const kinds = (messages: EngineMessage[]) => messages.map((message) => ('id' in message ? `${message.kind} ${message.id}` : message.kind));

it('reports each step of a picture and then the picture with what it cost', async () => {
  const { accept, until } = setUp();
  accept({ kind: 'configure', config }, { kind: 'sample', id: 1, job });
  const messages = await until('sampled', 1);
  expect(kinds(messages)).toEqual(['alive 1', 'step 1', 'step 1', 'step 1', 'step 1', 'sampled 1']);
  expect(messages[2]).toMatchObject({ report: { step: 2, steps: 4, nfe: 4, preview: grey } });
  expect(messages.at(-1)).toMatchObject({ result: { picture: grey, nfe: 8, provider: 'cpu', threads: 1, runtime: '1.0', generator: 'torch-cpu-mt19937' } });
});

it('stops within one evaluation when told, and goes on with the next job', async () => {
  const { accept, until, flow } = setUp();
  accept({ kind: 'configure', config }, { kind: 'sample', id: 1, job: { ...job, steps: 200 } }, { kind: 'sample', id: 2, job });
  await until('step', 1);
  const evaluations = flow.calls.length;
  accept({ kind: 'cancel', id: 1 });
  const messages = await until('failed', 1);
  expect(flow.calls.length).toBeLessThanOrEqual(evaluations + 1);
  expect(messages.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'cancelled' } });
  await until('sampled', 2);
});

it('takes a waiting job out of the queue', async () => {
  const { accept, until } = setUp();
  accept({ kind: 'configure', config }, { kind: 'sample', id: 1, job }, { kind: 'sample', id: 2, job }, { kind: 'cancel', id: 2 }, { kind: 'cancel', id: 99 });
  const messages = await until('sampled', 1);
  expect(messages.find((message) => message.kind === 'failed')).toMatchObject({ id: 2, error: { code: 'cancelled' } });
});

it('skips to the newest preview, and reports no steps of it', async () => {
  const { accept, until } = setUp();
  accept({ kind: 'configure', config }, ...[1, 2, 3].map((id) => ({ kind: 'live' as const, id, job })));
  const messages = await until('sampled', 3);
  expect(kinds(messages)).toEqual(['failed 1', 'failed 2', 'alive 3', 'sampled 3']);
});

it.each([
  ['euler', 3, {}, [2]],
  ['euler', 1, {}, [1]],
  ['z-sampling', 5, {}, [2]],
  ['z-sampling', 5, { inversionGuidance: 0 }, [2, 1]],
  ['w2sd', 5, {}, [2, 1]],
] as const)('warms up each batch shape of %s at %d %o once', async (sampler, guidance, reflection, shapes) => {
  const { accept, until, flow } = setUp();
  const wanted = { ...job, sampler, guidance, reflection };
  accept({ kind: 'configure', config }, { kind: 'warm', id: 1, job: wanted }, { kind: 'warm', id: 2, job: wanted });
  await until('warmed', 2);
  expect(flow.calls.map(({ conditions }) => conditions.length)).toEqual(shapes);
});

it('turns what a model throws into an error, and lives on', async () => {
  const { accept, until } = setUp();
  accept({ kind: 'configure', config }, { kind: 'sample', id: 1, job: { ...job, model: { id: 'missing', hash: '' } } }, { kind: 'sample', id: 2, job });
  const messages = await until('sampled', 2);
  expect(messages.find((message) => message.kind === 'failed')).toMatchObject({ id: 1, error: { code: 'out-of-memory' } });
});

it('opens its models anew when the device changes', async () => {
  const { accept, until, opened, closed } = setUp();
  accept({ kind: 'configure', config }, { kind: 'sample', id: 1, job }, { kind: 'sample', id: 2, job });
  accept({ kind: 'configure', config: { ...config, provider: 'webgpu' } }, { kind: 'sample', id: 3, job });
  const messages = await until('sampled', 3);
  expect([opened, closed]).toEqual([['m', 'm'], ['m']]);
  expect(messages.at(-1)).toMatchObject({ result: { provider: 'webgpu' } });
});

it('scores a picture with a metric that stays open until the configuration changes', async () => {
  const { accept, until, opened, closed } = setUp();
  const metric = { id: 'taste', dir: '/metrics/taste', hash: '1' };
  accept({ kind: 'configure', config }, { kind: 'score', id: 1, job: { metric, prompt: 'ab', picture: grey } }, { kind: 'score', id: 2, job: { metric, prompt: '', picture: grey } });
  const messages = await until('scored', 2);
  expect(messages.filter(({ kind }) => kind === 'scored')).toMatchObject([{ id: 1, score: 130 }, { id: 2, score: 128 }]);
  expect(opened).toEqual(['taste']);
  accept({ kind: 'configure', config }, { kind: 'sample', id: 3, job });
  await until('sampled', 3);
  expect(closed).toEqual(['taste']);
});
