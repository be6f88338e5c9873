import { expect, it } from 'vitest';
import { WorkQueue } from './work-queue.ts';

function deferred() {
  let settle!: { resolve(): void; reject(error: Error): void };
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle };
}

it('does one piece of work after the other, whatever becomes of them', async () => {
  const queue = new WorkQueue(() => {});
  const [first, order] = [deferred(), [] as string[]];
  const failing = queue.add(async () => {
    order.push('first begins');
    await first.promise;
  });
  const next = queue.add(async () => order.push('second'));
  await Promise.resolve();
  expect(order).toEqual(['first begins']);
  first.reject(new Error('broken'));
  await expect(failing).rejects.toThrow('broken');
  await next;
  expect(order).toEqual(['first begins', 'second']);
});

it('says how much there is to do, and when nothing is left', async () => {
  const sizes: number[] = [];
  const queue: WorkQueue = new WorkQueue(() => sizes.push(queue.size));
  const gate = deferred();
  void queue.add(() => gate.promise);
  void queue.add(() => Promise.resolve());
  let idle = false;
  const waiting = queue.whenIdle().then(() => (idle = true));
  await Promise.resolve();
  expect(idle).toBe(false);
  gate.resolve();
  await waiting;
  expect(sizes).toEqual([1, 2, 1, 0]);
});

it('takes in only so much', () => {
  const queue = new WorkQueue(() => {});
  const never = new Promise<void>(() => {});
  for (let i = 0; i < 201; i++) void queue.add(() => never);
  expect(() => queue.add(() => never)).toThrow(expect.objectContaining({ code: 'busy' }));
  expect(queue.size).toBe(201);
});
